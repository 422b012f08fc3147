import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { requestIdKey } from "../../src/http/request/id.ts";
import { ConformanceService } from "../conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { callHttp2 } from "./http2-call.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

const path = "/connectrpc.conformance.v1.ConformanceService";
const seenIds: string[] = [];

const implementation: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: (_, { values }) => {
    seenIds.push(values.get(requestIdKey));
    throw new ConnectError("no", Code.PermissionDenied);
  },
  idempotentUnary: (_, context) => {
    context.responseHeader.set("cache-control", "max-age=60");
    return {};
  },
};

function serve() {
  const service = createServiceImplSpec<typeof ConformanceService>(
    ConformanceService,
    implementation,
  );
  return startServer({ services: [service], pages: debugPages(() => true) });
}

function post(url: string, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });
}

test("every request is told once, with what it was and how it ended", async () => {
  const { url, ended } = await serve();
  await post(`${url}${path}/Unary?secret=1`, {
    authorization: "Bearer secret",
  });
  await (await fetch(`${url}/debug/healthz`)).text();
  await callHttp2(
    url,
    {
      ":method": "POST",
      ":path": `${path}/Unary`,
      "content-type": "application/grpc",
      authorization: "Bearer secret",
    },
    Buffer.alloc(5),
  );
  const records = await ended(3);
  expect(records).toEqual([
    {
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
      method: "POST",
      path: `${path}/Unary`,
      protocol: "connect",
      httpVersion: "1.1",
      status: 403,
      grpcStatus: undefined,
      durationMs: expect.any(Number),
      bytes: '{"code":"permission_denied","message":"no"}'.length,
      remoteAddress: "127.0.0.1",
      rpc: "connectrpc.conformance.v1.ConformanceService/Unary",
      route: undefined,
      code: Code.PermissionDenied,
      traceparent: undefined,
      values: expect.anything(),
    },
    expect.objectContaining({
      method: "GET",
      path: "/debug/healthz",
      protocol: "http",
      status: 200,
      bytes: 2,
      rpc: undefined,
    }),
    expect.objectContaining({
      protocol: "grpc",
      httpVersion: "2.0",
      status: 200,
      grpcStatus: Code.PermissionDenied,
    }),
  ]);
  expect(JSON.stringify(records)).not.toContain("secret");
});

test("the caller's request id is taken where it is sane", async () => {
  const { url, ended } = await serve();
  const ids = ["a".repeat(128), "01J-x_y.z:/+=@~", "a b", "a".repeat(129), '"'];
  const answered: (string | null)[] = [];
  seenIds.length = 0;
  for (const id of ids) {
    const { headers } = await post(`${url}${path}/Unary`, {
      "x-request-id": id,
    });
    answered.push(headers.get("x-request-id"));
  }
  const fresh = expect.stringMatching(/^[0-9a-f]{32}$/);
  expect(answered).toEqual([ids[0], ids[1], fresh, fresh, fresh]);
  expect(seenIds).toEqual(answered);
  const records = await ended(ids.length);
  expect(records.map(({ requestId }) => requestId)).toEqual(answered);
});

test("answers are not to be stored, unless they say so themselves", async () => {
  const { url } = await serve();
  for (const [target, value] of [
    [`${path}/Unary`, "no-store"],
    ["/no/such/path", "no-store"],
    [`${path}/IdempotentUnary`, "max-age=60"],
  ] as const) {
    const { headers } = await post(url + target);
    expect(headers.get("cache-control")).toBe(value);
  }
});

test("a fault of the server is told to the hook, not to the client", async () => {
  const { url, faults } = await startServer({
    pages: [
      {
        path: "/broken",
        respond: () => {
          throw new Error("the secret cause");
        },
      },
      {
        path: "/bad-header",
        // HTTP/2 has no such header; Node throws for it.
        respond: () => ({
          status: 200,
          header: new Headers({ "content-length": "1, 2" }),
          body: (async function* () {
            yield Buffer.from("x");
            throw new Error("the body broke");
          })(),
        }),
      },
    ],
  });
  const response = await fetch(`${url}/broken`);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    code: 13,
    message: "internal error",
  });
  expect(faults).toEqual([new Error("the secret cause")]);
  await expect(
    fetch(`${url}/bad-header`).then((broken) => broken.text()),
  ).rejects.toThrow();
  expect((await fetch(`${url}/broken`)).status).toBe(500);
});
