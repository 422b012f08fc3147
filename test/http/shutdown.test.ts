import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { Code, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { HttpServerOptions } from "../../src/http/http-server.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { callOn } from "./http2-call.ts";
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  headerBlock,
  RawHttp2,
} from "./raw-http2.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const path = "/connectrpc.conformance.v1.ConformanceService/Unary";

/** A method that answers when it is told to, and says when it is called. */
async function serveSlowly(options: HttpServerOptions = {}) {
  const called = Promise.withResolvers<AbortSignal>();
  const awaited = new Map<number, () => void>();
  let calls = 0;
  const whenCalled = (count: number) =>
    calls >= count
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          awaited.set(count, resolve);
        });
  const calledTwice = whenCalled(2);
  const finish = Promise.withResolvers<Record<string, never>>();
  const implementation: Partial<ServiceImpl<typeof ConformanceService>> = {
    unary: (_, { signal }) => {
      called.resolve(signal);
      calls += 1;
      awaited.get(calls)?.();
      return finish.promise;
    },
    idempotentUnary: () => ({}),
  };
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    implementation,
  );
  const started = await startServer({ services: [service], ...options });
  return {
    ...started,
    called: called.promise,
    ...{ whenCalled, calledTwice },
    finish: () => {
      finish.resolve({});
    },
  };
}

const head = {
  ":method": "POST",
  ":path": path,
  "content-type": "application/json",
};

test("HTTP/1.1: what runs is answered, and the connection ends", async () => {
  const { port, server, called, finish } = await serveSlowly();
  const agent = new http.Agent({ keepAlive: true });
  const request = http.request({
    port,
    path,
    agent,
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  request.end("{}");
  await called;
  const closed = server.close();
  finish();
  const [response] = (await once(request, "response")) as [
    http.IncomingMessage,
  ];
  expect(response.statusCode).toBe(200);
  expect(response.headers.connection).toBe("close");
  response.resume();
  await closed;
  agent.destroy();
});

test("HTTP/2: what runs is answered, and GOAWAY is said", async () => {
  const { url, server, called, finish } = await serveSlowly();
  const session = http2.connect(url);
  const goaway = once(session, "goaway");
  const answer = callOn(session, head, Buffer.from("{}"));
  await called;
  const closed = server.close();
  expect((await goaway)[0]).toBe(0);
  finish();
  expect((await answer).header[":status"]).toBe(200);
  await closed;
});

test("new connections are refused at once", async () => {
  const { port, server, called, finish, url } = await serveSlowly();
  const session = http2.connect(url);
  const answer = callOn(session, head, Buffer.from("{}"));
  await called;
  const closed = server.close();
  const refused = net.connect(port, "127.0.0.1");
  await expect(once(refused, "connect")).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
  finish();
  await answer;
  await closed;
});

test("idle connections of both versions end", async () => {
  const { port, server, ended } = await serveSlowly();
  const idle = net.connect(port, "127.0.0.1");
  idle.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(idle, "data");
  const client = new RawHttp2(port).start();
  await client.find(({ type }) => type === frameType.settings);
  await ended(1);
  const over = Promise.all([once(idle, "close"), client.closed]);
  idle.resume();
  await server.close();
  await over;
  expect(client.frames.at(-1)?.type).toBe(frameType.goaway);
});

test("a request on an idle connection is answered, if it was on its way", async () => {
  const { port, server } = await serveSlowly();
  const request = `POST ${path.replace("Unary", "IdempotentUnary")} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
  const used = net.connect(port, "127.0.0.1");
  used.write(request);
  await once(used, "data");
  const fresh = net.connect(port, "127.0.0.1");
  await once(fresh, "connect");
  // The server has accepted the second one, too, when it has answered another request.
  used.write(request);
  await once(used, "data");
  const closed = server.close();
  for (const socket of [used, fresh]) {
    socket.write(request);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(
      /^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n/i,
    );
  }
  await closed;
});

test("a silent connection holds up the end only for a moment", async () => {
  const { port, server } = await serveSlowly({
    limits: { headersTimeoutMs: 0, shutdownGraceMs: 2 ** 31 - 1 },
  });
  const silent = net.connect(port, "127.0.0.1");
  await once(silent, "connect");
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  silent.resume();
  const over = once(silent, "close");
  await server.close();
  await over;
});

test("responses that end at once are one reason to look for idle connections", async () => {
  const closeIdle = vi.spyOn(http.Server.prototype, "closeIdleConnections");
  onTestFinished(() => {
    closeIdle.mockRestore();
  });
  const { port, server, whenCalled, finish } = await serveSlowly();
  const count = 50;
  const requests = Array.from({ length: count }, () => {
    const request = http.request({
      port,
      path,
      agent: false,
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("response", (response) => response.resume());
    request.end("{}");
    return once(request, "close");
  });
  await whenCalled(count);
  const closed = server.close();
  await expect.poll(() => closeIdle.mock.calls.length).toBeGreaterThan(0);
  closeIdle.mockClear();
  finish();
  await Promise.all([closed, ...requests]);
  expect(closeIdle.mock.calls.length).toBeLessThan(count / 2);
});

test("GOAWAY tells which requests were not looked at", async () => {
  const { port, server, called, finish, ended } = await serveSlowly();
  const client = new RawHttp2(port).start();
  const send = (stream: number, method: string) => {
    const block = headerBlock([
      [":method", "POST"],
      [":scheme", "http"],
      [":authority", "a"],
      [":path", path.replace("Unary", method)],
      ["content-type", "application/json"],
    ]);
    client.write(
      frame(frameType.headers, endHeaders, stream, block),
      frame(frameType.data, endStream, stream, Buffer.from("{}")),
    );
  };
  const answerOn = (stream: number) =>
    client.find((f) => f.type === frameType.data && f.stream === stream);
  send(1, "Unary");
  await called;
  const closed = server.close();
  const goaway = await client.find(({ type }) => type === frameType.goaway);
  expect(goaway?.payload.readUInt32BE()).toBe(1);
  // As if it had been on its way: the client knows that it may send it again.
  send(3, "IdempotentUnary");
  finish();
  expect((await answerOn(1))?.payload.toString()).toBe("{}");
  await client.closed;
  await closed;
  expect(await ended(1)).toMatchObject([{ status: 200 }]);
});

test("after the grace, methods are aborted with UNAVAILABLE, heard or not", async () => {
  const { url, server, called, calledTwice } = await serveSlowly({
    limits: { shutdownGraceMs: 50 },
  });
  const session = http2.connect(url);
  const grpc = callOn(
    session,
    { ...head, "content-type": "application/grpc" },
    Buffer.alloc(5),
  );
  const json = fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const signal = await called;
  await calledTwice;
  await server.close();
  expect(signal.aborted).toBe(true);
  expect((await json).status).toBe(503);
  const { trailer } = await grpc;
  expect(trailer["grpc-status"]).toBe(String(Code.Unavailable));
});

test("a client that never leaves does not hold up the end", async () => {
  const { port, server, called } = await serveSlowly({
    limits: { shutdownGraceMs: 50 },
  });
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  );
  const silent = net.connect(port, "127.0.0.1");
  silent.on("error", () => undefined);
  await called;
  await server.close();
  socket.destroy();
  silent.destroy();
});

test("a second close ends at once", async () => {
  const { port, server, called, ended } = await serveSlowly();
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  const cut = new Promise((resolve) => socket.once("close", resolve));
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  );
  await called;
  const first = server.close();
  const second = server.close();
  await Promise.all([first, second, cut]);
  expect(await ended(1)).toHaveLength(1);
});

test("no answer is lost while requests keep coming", async () => {
  const { url, port, server, ended } = await serveSlowly();
  const quick = path.replace("Unary", "IdempotentUnary");
  const enough = Promise.withResolvers<undefined>();
  let answered = 0;
  let refused = 0;
  const cut: unknown[] = [];
  const count = () => {
    if (++answered === 200) {
      enough.resolve(undefined);
    }
  };

  /** Requests one after the other, until the server refuses a new one. */
  const overHttp1 = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      const request = http.request({
        port,
        agent,
        path: quick,
        method: "POST",
        headers: { "content-type": "application/json" },
      });
      request.end("{}");
      try {
        const [response] = (await once(request, "response")) as [
          http.IncomingMessage,
        ];
        response.resume();
        await once(response, "end");
        expect(response.statusCode).toBe(200);
        count();
      } catch (error) {
        agent.destroy();
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ECONNREFUSED") {
          refused++;
        } else {
          cut.push(error);
        }
        return;
      }
    }
  };
  const overHttp2 = async () => {
    const session = http2.connect(url);
    session.on("error", () => undefined);
    while (!session.closed && !session.destroyed) {
      try {
        const { header } = await callOn(
          session,
          { ...head, ":path": quick },
          Buffer.from("{}"),
        );
        if (header[":status"] === 200) {
          count();
        } else {
          refused++;
        }
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        // Refused before it was looked at: a client may send it again elsewhere.
        if (
          code === "ERR_HTTP2_GOAWAY_SESSION" ||
          code === "ERR_HTTP2_INVALID_SESSION" ||
          message.includes("REFUSED_STREAM")
        ) {
          refused++;
        } else {
          cut.push(error);
        }
        return;
      }
    }
  };
  const clients = Promise.all([
    ...Array.from({ length: 4 }, overHttp1),
    ...Array.from({ length: 4 }, overHttp2),
  ]);
  await enough.promise;
  await server.close();
  await clients;
  expect(cut).toEqual([]);
  const records = await ended(answered);
  const served = records.filter(({ status }) => status === 200);
  expect(served).toHaveLength(answered);
  expect(refused).toBeGreaterThan(0);
});
