import net from "node:net";
import { createHttpServer } from "../../src/http/http-server.ts";
import type {
  HttpServer,
  HttpServerOptions,
} from "../../src/http/http-server.ts";
import type { RequestRecord } from "../../src/http/request/record.ts";

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

const started: HttpServer[] = [];

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
