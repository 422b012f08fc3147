import http2 from "node:http2";
import { once } from "node:events";
import net from "node:net";
import { createServiceImplSpec } from "@connectrpc/connect";
import { afterEach, describe, expect, test } from "vitest";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { networkOf } from "../../src/http/connection/budget/connection-count.ts";
import {
  defaultLimits,
  mostJsonDepth,
  mostRequestSize,
  resolveLimits,
} from "../../src/http/limits.ts";
import type { HttpLimits } from "../../src/http/limits.ts";
import { createTranscoder } from "../../src/transcoding/index.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  RawHttp2,
} from "./raw-http2.ts";
import { getHead, servePages, startServer, stopServers } from "./support.ts";

afterEach(stopServers);

function serve(limits: Partial<HttpLimits>) {
  return servePages(limits, [
    { path: "/never", respond: () => new Promise(() => undefined) },
  ]);
}

describe("limits", () => {
  test("have defaults, and take what is given", () => {
    expect(resolveLimits()).toEqual(defaultLimits);
    expect(resolveLimits({ idleTimeoutMs: 0, maxTargetBytes: 1 })).toEqual({
      ...defaultLimits,
      idleTimeoutMs: 0,
      maxTargetBytes: 1,
    });
  });

  test("that make no sense are refused by name", () => {
    for (const limits of [
      { maxRequestSize: 0 },
      { maxRequestSize: mostRequestSize + 1 },
      { idleTimeoutMs: -1 },
      { headersTimeoutMs: 2 ** 31 },
      { drainBytes: 1.5 },
      { maxTargetBytes: NaN },
      { maxJsonDepth: mostJsonDepth + 1 },
    ]) {
      const [name = ""] = Object.keys(limits);
      expect(() => resolveLimits(limits)).toThrow(name);
    }
  });
});

test("an address has its share of connections, and gets it back", async () => {
  const { port } = await serve({ maxConnectionsPerAddress: 2 });
  const ask = async () => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET /debug/healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    const answered = await Promise.race([
      new Promise<boolean>((resolve) => {
        socket.once("data", () => {
          resolve(true);
        });
      }),
      new Promise<boolean>((resolve) => {
        socket.once("close", () => {
          resolve(false);
        });
      }),
    ]);
    return { socket, answered };
  };
  const first = await ask();
  const second = await ask();
  const third = await ask();
  expect([first, second, third].map(({ answered }) => answered)).toEqual([
    true,
    true,
    false,
  ]);
  first.socket.end();
  await new Promise((resolve) => first.socket.once("close", resolve));
  // The server hears of the end a moment later than this side.
  let fourth = await ask();
  while (!fourth.answered) {
    fourth = await ask();
  }
  expect(fourth.answered).toBe(true);
  for (const { socket } of [second, fourth]) {
    socket.destroy();
  }
});

test("an IPv6 network counts as one address", () => {
  expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
  expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
  expect(networkOf("2001:db8:1:2::9")).toBe("2001:db8:1:2");
  expect(networkOf("2001:db8::9")).toBe("2001:db8:0:0");
  expect(networkOf("::1")).toBe("0:0:0:0");
});

test("a client opens so many streams, and no more", async () => {
  const { port } = await serve({ maxStreamsPerConnection: 3 });
  const client = new RawHttp2(port).start();
  const flags = endStream | endHeaders;
  for (const stream of [1, 3, 5, 7]) {
    client.write(frame(frameType.headers, flags, stream, getHead("/never")));
  }
  const refused = await client.find(
    ({ type, stream }) => type === frameType.rstStream && stream === 7,
  );
  // REFUSED_STREAM: the client may try again.
  expect(refused?.payload.readUInt32BE()).toBe(7);
  client.socket.destroy();
});

test("a client that opens streams only to reset them is thrown out", async () => {
  const { port, url } = await serve({
    streamResetBurst: 20,
    streamResetRate: 1,
  });
  const client = new RawHttp2(port).start();
  const block = getHead("/never");
  for (let i = 0; i < 200; i++) {
    const stream = 2 * i + 1;
    client.write(
      frame(frameType.headers, endStream | endHeaders, stream, block),
      frame(frameType.rstStream, 0, stream, Buffer.from([0, 0, 0, 8])),
    );
  }
  const goaway = await client.find(({ type }) => type === frameType.goaway);
  expect(goaway).toBeDefined();
  await client.closed;
  expect((await fetch(`${url}/debug/healthz`)).status).toBe(200);
});

test("sizes of target and header follow their limits on both versions", async () => {
  const { url } = await serve({ maxTargetBytes: 100, maxHeaderBytes: 1000 });
  const session = http2.connect(url);
  const status = async (path: string, x: string) => {
    const response = await fetch(url + path, { headers: { x } });
    const stream = session.request({ ":path": path, x });
    stream.resume();
    const [header] = (await once(stream, "response")) as [
      http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
    ];
    return [response.status, header[":status"]];
  };
  expect(await status(`/${"a".repeat(99)}`, "x")).toEqual([404, 404]);
  expect(await status(`/${"a".repeat(100)}`, "x")).toEqual([414, 414]);
  expect(await status("/", "x".repeat(700))).toEqual([404, 404]);
  expect(await status("/", "x".repeat(1000))).toEqual([431, 431]);
  session.close();
});

describe("limits of JSON over HTTP", () => {
  const attempts = createServiceImplSpec<typeof AttemptService>(
    AttemptService,
    { beginAttempt: () => ({}), getLockout: () => ({}) },
  );
  const settings = createServiceImplSpec<typeof SettingsService>(
    SettingsService,
    { getLockoutSettings: () => ({}) },
  );
  const serveApi = (limits: Partial<HttpLimits>) =>
    startServer({
      limits,
      services: [attempts, settings],
      transcoder: (shared) =>
        createTranscoder({
          ...shared,
          services: [{ spec: attempts }, { spec: settings }],
        }),
    });
  const post = (url: string, body: string) =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  const begin = "/lockout/v1/attempts";
  const beginByRpc = "/lockout.v1.AttemptService/BeginAttempt";
  const read = "/v2/settings/lockout";

  test("a target above the default reaches its template", async () => {
    const { url } = await serveApi({ maxTargetBytes: 12_000 });
    const status = async (length: number) =>
      (await fetch(`${url}/lockout/v1/users/${"a".repeat(length)}/lockout`))
        .status;
    expect(await status(10_000)).toBe(200);
    expect(await status(12_000)).toBe(414);
  });

  test("parameters of a query, and their depth", async () => {
    const { url } = await serveApi({ maxQueryParameters: 2, maxQueryDepth: 1 });
    const status = async (query: string) =>
      (await fetch(`${url}${read}?${query}`)).status;
    expect(await status("$a&$b")).toBe(200);
    expect(await status("$a&$b&$c")).toBe(400);
    expect(await status("ctx.instance=true")).toBe(400);
  });

  test("JSON, of REST and Connect alike", async () => {
    const { url } = await serveApi({ maxJsonDepth: 1 });
    for (const path of [begin, beginByRpc]) {
      expect((await post(url + path, '{"userId":"a"}')).status).toBe(200);
      const deep = await post(url + path, '{"client":{"device":"a"}}');
      expect(deep.status).toBe(400);
    }
  });

  test("the deepest JSON that may be allowed exhausts no stack", async () => {
    const { url, faults } = await startServer({
      limits: { maxJsonDepth: mostJsonDepth },
      services: [attempts],
      handlerOptions: { jsonOptions: { ignoreUnknownFields: true } },
      transcoder: (shared) =>
        createTranscoder({ ...shared, services: [{ spec: attempts }] }),
    });
    const nested = (depth: number) =>
      `{"x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    for (const path of [begin, beginByRpc]) {
      expect((await post(url + path, nested(mostJsonDepth))).status).toBe(200);
    }
    const deeper = await post(url + begin, nested(mostJsonDepth + 1));
    expect(deeper.status).toBe(400);
    expect(faults).toEqual([]);
  });
});

test("a target over the limit on the header is a matter of its own limit", async () => {
  const { url } = await serve({ maxTargetBytes: 2000, maxHeaderBytes: 1000 });
  const session = http2.connect(url);
  const status = async (path: string) => {
    const response = await fetch(url + path);
    const stream = session.request({ ":path": path });
    stream.resume();
    const [header] = (await once(stream, "response")) as [
      http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
    ];
    return [response.status, header[":status"]];
  };
  expect(await status(`/${"a".repeat(1500)}`)).toEqual([404, 404]);
  expect(await status(`/${"a".repeat(2000)}`)).toEqual([414, 414]);
  session.close();
});
