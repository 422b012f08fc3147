import http2 from "node:http2";
import { once } from "node:events";
import net from "node:net";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createHealth } from "../../src/http/services/health.ts";
import { createReflection } from "../../src/http/services/reflection.ts";
import type { HttpLimits } from "../../src/http/limits.ts";
import { callHttp2 } from "./http2-call.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { startServer, stopServers } from "./support.ts";

const sessions: http2.ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) {
    session.destroy();
  }
  await stopServers();
});

function serve(
  limits: Partial<HttpLimits>,
  trustedProxies: readonly string[] = [],
) {
  return startServer({
    trustedProxies,
    openServices: [createHealth([]).service, ...createReflection([], [])],
    limits: { drainTimeoutMs: 50, ...limits },
  });
}

function connect(port: number, localAddress = "127.0.0.1") {
  const session = http2.connect(`http://127.0.0.1:${port}`, {
    createConnection: () =>
      net.connect({ host: "127.0.0.1", port, localAddress }),
  });
  sessions.push(session);
  return session;
}

const watchPath = "/grpc.health.v1.Health/Watch";
const reflectionPath =
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const empty = Buffer.from(encodeEnvelope(0, new Uint8Array()));

/** Opens a stream, and sends one message. Returns it with what has come until its first message or its end. */
async function open(
  session: http2.ClientHttp2Session,
  path = watchPath,
  type = "application/grpc",
  headers: http2.OutgoingHttpHeaders = {},
) {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": type,
    ...headers,
  });
  stream.on("error", () => undefined);
  let text = "";
  stream.on("response", (header) => {
    text += String(header["grpc-message"]);
  });
  stream.on("trailers", (trailer: http2.IncomingHttpHeaders) => {
    text += String(trailer["grpc-message"]);
  });
  const first = new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      resolve();
    });
    stream.on("close", resolve);
  });
  if (path === watchPath) {
    stream.end(empty);
  } else {
    stream.write(empty);
  }
  await first;
  return {
    stream,
    refusal: /too many [^:]*/.exec(
      text.replaceAll("%20", " ").replaceAll("%3A", ":"),
    )?.[0],
  };
}

const types = [
  "application/grpc",
  "application/grpc-web",
  "application/connect+proto",
];

describe.each(types)("streams without a token by %s", (type) => {
  test.each([watchPath, reflectionPath])(
    "%s on one connection",
    async (path) => {
      const { port, ended } = await serve({
        maxAnonymousStreamsPerConnection: 2,
      });
      const session = connect(port);
      const { stream } = await open(session, path, type);
      expect((await open(session, path, type)).refusal).toBeUndefined();
      expect((await open(session, path, type)).refusal).toBe(
        "too many streams without a token are open on this connection",
      );
      expect((await open(connect(port), path, type)).refusal).toBeUndefined();
      stream.close(http2.constants.NGHTTP2_CANCEL);
      // The refused one, and the one that was closed.
      await ended(2);
      expect((await open(session, path, type)).refusal).toBeUndefined();
    },
  );
});

test("streams without a token from one address", async () => {
  const { port } = await serve({ maxAnonymousStreamsPerAddress: 2 });
  await open(connect(port));
  await open(connect(port));
  expect((await open(connect(port))).refusal).toBe(
    "too many streams without a token are open from this address",
  );
  expect((await open(connect(port, "127.0.0.2"))).refusal).toBeUndefined();
});

test("streams without a token from one address, behind a proxy that is trusted", async () => {
  const { port } = await serve({ maxAnonymousStreamsPerAddress: 1 }, [
    "127.0.0.1",
  ]);
  const session = connect(port);
  const openFrom = (address: string) =>
    open(session, watchPath, "application/grpc", {
      "x-forwarded-for": address,
    });
  await openFrom("203.0.113.7");
  expect((await openFrom("203.0.113.7")).refusal).toBe(
    "too many streams without a token are open from this address",
  );
  expect((await openFrom("203.0.113.8")).refusal).toBeUndefined();
});

test("streams without a token on the server", async () => {
  const { port, url } = await serve({ maxAnonymousStreams: 2 });
  await open(connect(port));
  await open(connect(port, "127.0.0.2"));
  expect((await open(connect(port, "127.0.0.3"))).refusal).toBe(
    "too many streams without a token are open on this server",
  );
  // A check is none.
  const check = await callHttp2(
    url,
    {
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
    },
    empty,
  );
  expect(check.trailer["grpc-status"]).toBe("0");
});

test("0 is no limit", async () => {
  const { port } = await serve({
    maxAnonymousStreamsPerConnection: 0,
    maxAnonymousStreamsPerAddress: 0,
    maxAnonymousStreams: 0,
  });
  const session = connect(port);
  for (let i = 0; i < 20; i++) {
    expect((await open(session)).refusal).toBeUndefined();
  }
});

test("a stream that ends, is reset, or loses its connection is counted no more", async () => {
  const { port, ended } = await serve({ maxAnonymousStreams: 1 });
  const session = connect(port);
  (await open(session)).stream.close(http2.constants.NGHTTP2_CANCEL);
  await ended(1);
  const { stream } = await open(session, reflectionPath);
  stream.end();
  await once(stream, "close");
  await ended(2);
  expect((await open(session)).refusal).toBeUndefined();
  session.destroy();
  await ended(3);
  expect((await open(connect(port))).refusal).toBeUndefined();
});

test("streams that are reset at once, or cut with their connection, are counted no more", async () => {
  const { port, ended } = await serve({ maxAnonymousStreams: 1 });
  const block = headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "a"],
    [":path", watchPath],
    ["content-type", "application/grpc"],
  ]);
  const cancel = Buffer.from([0, 0, 0, 8]);
  const streams = Array.from({ length: 50 }, (_value, i) => 2 * i + 1);
  const resetting = new RawHttp2(port).start();
  resetting.write(
    ...streams.flatMap((stream) => [
      frame(frameType.headers, endHeaders, stream, block),
      frame(frameType.data, endStream, stream, empty),
      frame(frameType.rstStream, 0, stream, cancel),
    ]),
  );
  await ended(50);
  const leaving = new RawHttp2(port).start();
  leaving.write(
    ...streams.map((stream) =>
      frame(frameType.headers, endHeaders, stream, block),
    ),
  );
  leaving.socket.end();
  await ended(100);
  resetting.socket.destroy();
  expect((await open(connect(port))).refusal).toBeUndefined();
});
