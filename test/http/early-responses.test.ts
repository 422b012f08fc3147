import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { HttpServerOptions } from "../../src/http/http-server.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { callHttp2 } from "./http2-call.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const path = "/connectrpc.conformance.v1.ConformanceService";
const large = Buffer.alloc(6 * 1024 * 1024);

function serve(options: HttpServerOptions = {}) {
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    { unary: () => ({}) },
  );
  return startServer({ services: [service], ...options });
}

const closedGate: HttpServerOptions = {
  handlerOptions: {
    requestGate: () => {
      throw new ConnectError("auth header missing", Code.Unauthenticated);
    },
  },
};

test("a message over the limit is refused by its size, over HTTP/2", async () => {
  const { url } = await serve();
  const body = encodeEnvelope(0, large);
  for (const method of ["Unary", "ClientStream"]) {
    for (const length of [{}, { "content-length": body.length }]) {
      const { header, trailer } = await callHttp2(
        url,
        {
          ":method": "POST",
          ":path": `${path}/${method}`,
          "content-type": "application/grpc",
          ...length,
        },
        body,
      );
      expect({ ...header, ...trailer }["grpc-status"]).toBe(
        String(
          method === "Unary" ? Code.ResourceExhausted : Code.Unimplemented,
        ),
      );
    }
  }
});

test("a refusal before the body arrives on both HTTP versions", async () => {
  const { url } = await serve(closedGate);
  const headers = { "content-type": "application/json" };
  for (let i = 0; i < 5; i++) {
    const { header, body, resetCode } = await callHttp2(
      url,
      { ":method": "POST", ":path": `${path}/Unary`, ...headers },
      large,
    );
    expect(header[":status"]).toBe(401);
    expect(body.toString()).toContain("auth header missing");
    expect(resetCode).toBe(0);
    const response = await fetch(`${url}${path}/Unary`, {
      method: "POST",
      headers,
      body: large,
    });
    expect(response.status).toBe(401);
  }
});

describe("a body that is announced and does not come keeps no answer back", () => {
  const calls = [
    ["application/json", "content-length"],
    ["application/json", "chunked"],
    ["application/proto", "content-length"],
    ["application/grpc-web", "content-length"],
    ["application/grpc-web-text", "chunked"],
    ["application/grpc", "content-length"],
    ["application/grpc", "content-encoding"],
  ] as const;
  // The drain never ends here: whatever waited for it would wait for ever.
  const limits = { drainTimeoutMs: 2 ** 31 - 1, drainBytes: 2 ** 30 };
  const unauthenticated = /auth header missing|auth%20header%20missing|gAAAAD/;

  for (const [type, kind] of calls) {
    const extra =
      kind === "chunked"
        ? {}
        : kind === "content-length"
          ? { "content-length": "1000" }
          : { "content-length": "1000", "grpc-encoding": "gzip" };

    test(`HTTP/1.1, ${type}, ${kind}`, async () => {
      const { port } = await serve({ ...closedGate, limits });
      const socket = net.connect(port, "127.0.0.1");
      const head = Object.entries({
        host: "a",
        "content-type": type,
        ...(kind === "chunked" ? { "transfer-encoding": "chunked" } : {}),
        ...extra,
      });
      socket.write(
        `POST ${path}/Unary HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
      );
      let answer = "";
      while (!unauthenticated.test(answer)) {
        answer += String((await once(socket, "data"))[0]);
      }
      expect(answer).toMatch(/^HTTP\/1\.1 (?:401|200) /);
      socket.destroy();
    });

    test(`HTTP/2, ${type}, ${kind}`, async () => {
      const { url } = await serve({ ...closedGate, limits });
      const session = http2.connect(url);
      const stream = session.request({
        ":method": "POST",
        ":path": `${path}/Unary`,
        "content-type": type,
        ...extra,
      });
      const [header] = (await once(stream, "response")) as [
        http2.IncomingHttpHeaders,
      ];
      let answer = JSON.stringify(header);
      stream.on("data", (chunk: Buffer) => {
        answer += chunk.toString();
      });
      await once(stream, "end");
      expect(answer).toMatch(unauthenticated);
      session.destroy();
    });
  }
});

test("a client that never stops sending gets its answer, then NO_ERROR", async () => {
  const { url, ended } = await serve({
    ...closedGate,
    limits: { drainBytes: 1024 * 1024 },
  });
  const session = http2.connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": `${path}/Unary`,
    "content-type": "application/grpc",
  });
  const piece = Buffer.alloc(64 * 1024);
  const send = () => {
    if (!stream.closed) {
      stream.write(piece, send);
    }
  };
  stream.on("error", () => undefined);
  stream.resume();
  send();
  const header = once(stream, "response");
  const closed = once(stream, "close");
  expect((await header)[0]).toMatchObject({ "grpc-status": "16" });
  await closed;
  expect(stream.rstCode).toBe(0);
  expect(await ended(1)).toMatchObject([
    { status: 200, grpcStatus: Code.Unauthenticated },
  ]);
  session.destroy();
});

test("a method that talks while its client sends has header and trailers apart", async () => {
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    {
      async *bidiStream(requests, { responseHeader }) {
        responseHeader.set("x-mine", "a");
        for await (const request of requests) {
          throw new ConnectError(request.$typeName, Code.FailedPrecondition);
        }
      },
    },
  );
  const { url } = await startServer({ services: [service] });
  const session = http2.connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": `${path}/BidiStream`,
    "content-type": "application/grpc",
  });
  const header = once(stream, "response");
  const trailers = once(stream, "trailers");
  stream.write(Buffer.alloc(5));
  stream.resume();
  expect((await header)[0]).toMatchObject({ "x-mine": "a" });
  expect((await header)[0]).not.toHaveProperty("grpc-status");
  expect((await trailers)[0]).toMatchObject({ "grpc-status": "9" });
  session.destroy();
});

test("the same over HTTP/1.1 ends the connection", async () => {
  const { port, ended } = await serve({
    ...closedGate,
    limits: { drainBytes: 1024 * 1024 },
  });
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString();
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(
    `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const piece = `10000\r\n${"x".repeat(65536)}\r\n`;
  const send = () => {
    // One turn of the event loop for each: writes that fail at once would leave the server, in this process, no turn at all.
    if (socket.writable) {
      socket.write(piece, () => setImmediate(send));
    }
  };
  send();
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*auth header missing/);
  expect(await ended(1)).toMatchObject([{ status: 401 }]);
});

test("an early answer that ends the connection waits for the client's body", async () => {
  const { port } = await serve(closedGate);
  for (const version of ["1.0", "1.1"]) {
    const socket = net.connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    // A reset would be an error, and fail the test.
    const over = once(socket, "end");
    socket.write(
      `POST ${path}/Unary HTTP/${version}\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n`,
    );
    let left = 300;
    const send = () => {
      if (left-- > 0 && socket.writable) {
        socket.write(Buffer.alloc(10_000), () => setImmediate(send));
      }
    };
    send();
    await over;
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*auth header missing/);
  }
});

test("an early answer leaves the connection in use", async () => {
  const { port } = await serve(closedGate);
  const socket = net.connect(port, "127.0.0.1");
  let answers = "";
  const both = new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      answers += chunk.toString();
      if (answers.split("HTTP/1.1 401").length === 3) {
        resolve();
      }
    });
  });
  const head = `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}Content-Length: 100000\r\n\r\n${"x".repeat(100_000)}`);
  socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
  await both;
  socket.destroy();
});

test("100 Continue is said when the body is wanted, and only then", async () => {
  const request = (body: string) =>
    `POST ${path}/Unary HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  const open = await serve();
  const socket = net.connect(open.port, "127.0.0.1");
  let answer = "";
  socket.write(request("{}"));
  socket.on("data", (chunk) => {
    answer += chunk.toString();
    if (answer === "HTTP/1.1 100 Continue\r\n\r\n") {
      socket.write("{}");
    }
  });
  await once(socket, "close");
  expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);

  const shut = await serve({ ...closedGate, limits: { drainTimeoutMs: 50 } });
  const refused = net.connect(shut.port, "127.0.0.1");
  refused.write(request("{}"));
  const chunks: Buffer[] = [];
  refused.on("data", (chunk) => chunks.push(chunk));
  await once(refused, "close");
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 /);
});

test.each(["100-continue", "100-Continue", "x, 100-continue"])(
  "on HTTP/2 too, for Expect: %s",
  async (expectation) => {
    const { url } = await serve();
    const session = http2.connect(url);
    const stream = session.request(
      {
        ":method": "POST",
        ":path": `${path}/Unary`,
        "content-type": "application/json",
        expect: expectation,
      },
      { endStream: false },
    );
    await once(stream, "continue");
    stream.end("{}");
    const [header] = (await once(stream, "response")) as [
      http2.IncomingHttpHeaders,
    ];
    expect(header).toMatchObject({ ":status": 200 });
    session.destroy();
  },
);
