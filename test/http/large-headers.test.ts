import net from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { resolveLimits } from "../../src/http/limits.ts";
import type { HttpLimits } from "../../src/http/limits.ts";
import { createHttp1Server } from "../../src/http/connection/node-servers.ts";
import type { StaticRoute } from "../../src/http/pages/static-route.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { rawExchange, startServer, stopServers } from "./support.ts";

afterEach(stopServers);

/** Serves a page that counts who is at it, and never responds. */
async function serveSilence(limits: Partial<HttpLimits>) {
  let begun = 0;
  const page: StaticRoute = {
    path: "/silence",
    respond: () => {
      begun += 1;
      return new Promise<never>(() => undefined);
    },
  };
  const { port } = await startServer({ limits, pages: [page] });
  return { port, begun: () => begun };
}

const kibibyte = 1024;
const large = "a".repeat(8 * kibibyte);

describe("large headers are what a connection holds", () => {
  test("over HTTP/2", async () => {
    const { port, begun } = await serveSilence({
      maxHeldBytesPerConnection: 64 * kibibyte,
    });
    const client = new RawHttp2(port).start();
    const block = headerBlock([
      [":method", "GET"],
      [":scheme", "http"],
      [":authority", "a"],
      [":path", "/silence"],
      ["x", large],
    ]);
    for (let stream = 1; stream < 20; stream += 2) {
      client.write(
        frame(frameType.headers, endHeaders | endStream, stream, block),
      );
    }
    client.write(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
    await client.find(({ type }) => type === frameType.ping);
    expect(begun()).toBe(2);
    client.socket.destroy();
  });

  test("where they wait behind another request of HTTP/1.1", async () => {
    const { port, records, ended } = await startServer({
      limits: { maxHeldBytesPerConnection: 64 * kibibyte },
      pages: debugPages(() => true),
    });
    const get = `GET /debug/healthz HTTP/1.1\r\nHost: a\r\nX: ${large}\r\n\r\n`;
    await rawExchange(port, get.repeat(7));
    await ended(3);
    expect(records.map(({ status }) => status).slice(0, 4)).toContain(503);
  });
});

describe("headers of HTTP/1.1 that never come whole", () => {
  test("are what the server holds: connections end until there is room", async () => {
    const { port } = await startServer({
      limits: { maxHeldBytes: 160 * kibibyte, headersTimeoutMs: 0 },
      pages: debugPages(() => true),
    });
    let closed = 0;
    const clients = Array.from({ length: 15 }, () => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => undefined).resume();
      socket.once("close", () => {
        closed += 1;
      });
      socket.write(
        `GET /debug/healthz HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(10_000)}`,
      );
      return socket;
    });
    await expect.poll(() => closed).toBe(3);
    const open = clients.filter(({ destroyed }) => !destroyed);
    for (const socket of open) {
      const received = once(socket, "data") as Promise<[Buffer]>;
      socket.write("\r\n\r\n");
      expect((await received)[0].toString()).toMatch(/^HTTP\/1\.1 200 /);
    }
    expect(open).toHaveLength(12);
    for (const socket of open) {
      socket.destroy();
    }
  });

  test("have no more fields kept than tell that there are too many", () => {
    const limits = resolveLimits({ maxHeaderCount: 50 });
    expect(createHttp1Server(limits, undefined).maxHeadersCount).toBe(51);
  });
});
