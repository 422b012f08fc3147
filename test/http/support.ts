import net from "node:net";
import { createHttpServer } from "../../src/http/http-server.ts";
import type {
  HttpServer,
  HttpServerOptions,
} from "../../src/http/http-server.ts";
import type { HttpLimits } from "../../src/http/limits.ts";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import type { StaticRoute } from "../../src/http/pages/static-route.ts";
import type { RequestRecord } from "../../src/http/request/record.ts";
import { defaultConfig } from "../../src/config.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { headerBlock } from "./raw-http2.ts";

export interface StartedServer {
  readonly server: HttpServer;
  readonly port: number;
  readonly url: string;
  /** What the hook was told, in order. */
  readonly records: readonly RequestRecord[];
  readonly faults: readonly unknown[];
  /** Waits until so many requests are over. */
  readonly ended: (count: number) => Promise<readonly RequestRecord[]>;
}

const started: Pick<HttpServer, "close">[] = [];

/** Starts a server on a free port; {@link stopServers} ends it. */
export async function startServer(
  options: HttpServerOptions,
  host = "127.0.0.1",
): Promise<StartedServer> {
  const records: RequestRecord[] = [];
  const faults: unknown[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createHttpServer({
    onRequestEnd: (record) => {
      records.push(record);
      for (const { count, resolve } of waiting) {
        if (records.length >= count) {
          resolve();
        }
      }
    },
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  started.push(server);
  const { port } = await server.listen({ host, port: 0 });
  return {
    server,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    records,
    faults,
    ended: async (count) => {
      if (records.length < count) {
        await new Promise<void>((resolve) => {
          waiting.push({ count, resolve });
        });
      }
      return records;
    },
  };
}

/** Limits on time, all off: a test sets the one that it is about, and no other can end anything. */
export const noTimeouts = {
  headersTimeoutMs: 0,
  bodyTimeoutMs: 0,
  streamIdleTimeoutMs: 0,
  idleTimeoutMs: 0,
  writeStallTimeoutMs: 0,
} as const satisfies Partial<HttpLimits>;

/** Starts a server that has pages alone: those for probes, and the given ones. */
export function servePages(
  limits: Partial<HttpLimits>,
  pages: readonly StaticRoute[],
): Promise<StartedServer> {
  return startServer({
    limits,
    pages: [...debugPages(() => true), ...pages],
  });
}

/** Starts a server with all services, on a database of its own, and with these limits; {@link stopServers} ends it. */
export async function serveLockout(
  limits: Partial<HttpLimits>,
): Promise<TestServer> {
  const server = await startTestServer({
    shutdownGraceMs: 0,
    limits: { ...defaultConfig.limits, ...limits },
  });
  started.push(server);
  return server;
}

/** The header block of a GET over HTTP/2. */
export function getHead(path: string): Buffer {
  return headerBlock([
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "a"],
    [":path", path],
  ]);
}

/** Ends what a test has started, at once. */
export async function stopServers(): Promise<void> {
  for (const server of started.splice(0)) {
    const closed = server.close();
    void server.close();
    await closed;
  }
}

/** Writes raw bytes to the port and returns all that comes back, until the server closes the connection. */
export function rawExchange(
  port: number,
  bytes: string | Uint8Array,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") {
        reject(error);
      }
    });
    socket.on("close", () => {
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
    socket.write(bytes);
  });
}
