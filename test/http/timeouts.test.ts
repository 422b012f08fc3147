import net from "node:net";
import { Code, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpLimits } from "../../src/http/limits.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  preface,
  RawHttp2,
  settings,
} from "./raw-http2.ts";
import {
  noTimeouts,
  rawExchange,
  startServer,
  stopServers,
} from "./support.ts";

afterEach(stopServers);

const path = "/connectrpc.conformance.v1.ConformanceService";
const large = new Uint8Array(8 * 1024 * 1024);

let onMessage: (data: Uint8Array) => void = () => undefined;

const implementation: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: () => ({ payload: { data: large } }),
  clientStream: async (requests) => {
    for await (const { requestData } of requests) {
      onMessage(requestData);
    }
    return {};
  },
};

/** One limit is short, the others are off: only the one under test can end anything. */
function serve(limits: Partial<HttpLimits>) {
  return startServer({
    services: [
      createServiceImplSpec<typeof ConformanceService>(
        ConformanceService,
        implementation,
      ),
    ],
    limits: { ...noTimeouts, ...limits },
  });
}

function request(method: string, contentType: string): Buffer {
  return headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "a"],
    [":path", `${path}/${method}`],
    ["content-type", contentType],
  ]);
}

describe("HTTP/1.1", () => {
  test("a silent connection is closed", async () => {
    const { port } = await serve({ headersTimeoutMs: 100 });
    expect(await rawExchange(port, "")).toBe("");
  });

  test("half a header is answered with 408", async () => {
    const { port, ended } = await serve({ headersTimeoutMs: 100 });
    const answer = await rawExchange(port, "GET / HTTP/1.1\r\nHost: a\r\nX");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(await ended(1)).toMatchObject([{ status: 408 }]);
  });

  test("a connection without a request is closed after the last one", async () => {
    const { port } = await serve({ idleTimeoutMs: 100 });
    const answer = await rawExchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("a body that never ends is answered, and ends the connection", async () => {
    const { port, ended } = await serve({
      bodyTimeoutMs: 100,
      drainTimeoutMs: 100,
    });
    const answer = await rawExchange(
      port,
      `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 504 [^]*"code":"deadline_exceeded"/);
    expect(await ended(1)).toMatchObject([{ status: 504 }]);
  });

  test("a body that dribbles is no better", async () => {
    const { port, ended } = await serve({
      bodyTimeoutMs: 200,
      drainTimeoutMs: 100,
    });
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    // Reset, where a blank arrives late.
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`,
    );
    const dribble = setInterval(() => socket.write(" "), 10);
    expect(await ended(1)).toMatchObject([{ status: 504 }]);
    socket.resume();
    await closed;
    clearInterval(dribble);
  });

  test("a reader that never reads is cut off", async () => {
    const { port, ended } = await serve({ writeStallTimeoutMs: 100 });
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write(
      `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
    );
    const [record] = await ended(1);
    expect(record).toMatchObject({ status: 200 });
    expect(record?.bytes).toBeGreaterThan(large.length);
    socket.destroy();
  });
});

describe("HTTP/2", () => {
  test("half a preface is cut off", async () => {
    const { port } = await serve({ headersTimeoutMs: 100 });
    expect(await rawExchange(port, preface.subarray(0, 12))).toBe("");
  });

  test("a connection that sends only the preface is closed", async () => {
    const { port } = await serve({ headersTimeoutMs: 100 });
    const client = new RawHttp2(port);
    client.socket.write(preface);
    await client.closed;
    expect(client.frames.at(-1)?.type).toBe(frameType.goaway);
  });

  test("a connection that never opens a stream is closed", async () => {
    const { port } = await serve({ headersTimeoutMs: 100 });
    const client = new RawHttp2(port).start();
    await client.closed;
    expect(client.frames.at(-1)?.type).toBe(frameType.goaway);
  });

  test("a header block that never ends closes the connection", async () => {
    const { port } = await serve({ headersTimeoutMs: 100 });
    const client = new RawHttp2(port).start();
    const block = request("Unary", "application/json");
    client.write(frame(frameType.headers, 0, 1, block.subarray(0, 10)));
    await client.closed;
  });

  test("an idle connection is closed after its last stream", async () => {
    const { port } = await serve({ idleTimeoutMs: 100 });
    const client = new RawHttp2(port).start();
    client.write(
      frame(
        frameType.headers,
        endStream | endHeaders,
        1,
        headerBlock([
          [":method", "GET"],
          [":scheme", "http"],
          [":authority", "a"],
          [":path", "/"],
        ]),
      ),
    );
    await client.closed;
    expect(client.frames.at(-1)?.type).toBe(frameType.goaway);
    expect(client.frames.some(({ type }) => type === frameType.data)).toBe(
      true,
    );
  });

  test("a body that never ends is answered, and the stream ends", async () => {
    const { port, ended } = await serve({
      bodyTimeoutMs: 100,
      drainTimeoutMs: 100,
    });
    const client = new RawHttp2(port).start();
    const block = request("Unary", "application/grpc");
    client.write(
      frame(frameType.headers, endHeaders, 1, block),
      frame(frameType.data, 0, 1, Buffer.from([0, 0, 0, 0, 9])),
    );
    const reset = await client.find(({ type }) => type === frameType.rstStream);
    // NO_ERROR: the answer stands.
    expect(reset?.payload.readUInt32BE()).toBe(0);
    expect(await ended(1)).toMatchObject([
      { status: 200, grpcStatus: Code.DeadlineExceeded },
    ]);
    client.socket.destroy();
  });

  test("a stream of messages may last, but not pause for too long", async () => {
    const { port, ended } = await serve({
      bodyTimeoutMs: 1,
      streamIdleTimeoutMs: 2000,
      drainTimeoutMs: 100,
    });
    const client = new RawHttp2(port).start();
    const block = request("ClientStream", "application/grpc");
    client.write(frame(frameType.headers, endHeaders, 1, block));
    // A field that the message does not have, of 1,097 bytes: many messages that hold next to nothing would end the connection.
    const message = Buffer.alloc(1100);
    message.set([0x7a, 0xc9, 0x08]);
    const started = performance.now();
    // Far longer than the time for a whole body.
    while (performance.now() - started < 100) {
      const received = Promise.withResolvers<Uint8Array>();
      onMessage = received.resolve;
      client.write(frame(frameType.data, 0, 1, encodeEnvelope(0, message)));
      await received.promise;
    }
    const trailers = await client.find(
      ({ type, flags }) =>
        type === frameType.headers && (flags & endStream) !== 0,
    );
    expect(trailers).toBeDefined();
    expect(await ended(1)).toMatchObject([
      { grpcStatus: Code.DeadlineExceeded },
    ]);
    client.socket.destroy();
  });

  test("a reader that opens no window is cut off", async () => {
    const { port, ended } = await serve({ writeStallTimeoutMs: 100 });
    const client = new RawHttp2(port);
    client.write(
      preface,
      // INITIAL_WINDOW_SIZE 0
      frame(frameType.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
      frame(
        frameType.headers,
        endHeaders,
        1,
        request("ClientStream", "application/grpc"),
      ),
      frame(frameType.data, endStream, 1, Buffer.alloc(5)),
    );
    const reset = await client.find(({ type }) => type === frameType.rstStream);
    expect(reset?.stream).toBe(1);
    expect(await ended(1)).toHaveLength(1);
    client.socket.destroy();
  });

  test("a reader that never reads is cut off", async () => {
    const { port, ended } = await serve({ writeStallTimeoutMs: 100 });
    const client = new RawHttp2(port);
    client.socket.pause();
    client.write(
      preface,
      settings,
      frame(
        frameType.headers,
        endHeaders,
        1,
        request("Unary", "application/json"),
      ),
      frame(frameType.data, endStream, 1, Buffer.from("{}")),
    );
    expect(await ended(1)).toMatchObject([{ status: 200 }]);
    client.socket.destroy();
  });
});
