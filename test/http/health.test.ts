import { queryObjects } from "node:v8";
import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createHandlerContext,
} from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterEach, expect, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import { debugPages } from "../../src/http/pages/debug-pages.ts";
import { createHealth } from "../../src/http/services/health.ts";
import { startServer, stopServers } from "./support.ts";

afterEach(stopServers);

function serve() {
  const health = createHealth(["zitadel.admin.v1.AdminService"]);
  return startServer({
    openServices: [health.service],
    pages: debugPages(() => health.serving),
    onDrain: () => {
      health.drain();
    },
  });
}

const transports = {
  grpc: (baseUrl: string) => createGrpcTransport({ baseUrl }),
  "grpc-web over HTTP/1.1": (baseUrl: string) =>
    createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "grpc-web over HTTP/2": (baseUrl: string) =>
    createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  "connect over HTTP/1.1": (baseUrl: string) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "connect over HTTP/2": (baseUrl: string) =>
    createConnectTransport({ baseUrl, httpVersion: "2" }),
};

for (const [name, transport] of Object.entries(transports)) {
  test(`health is checked by ${name}`, async () => {
    const { url } = await serve();
    const client = createClient(Health, transport(url));
    for (const service of ["", "zitadel.admin.v1.AdminService"]) {
      expect(await client.check({ service })).toMatchObject({
        status: ServingStatus.SERVING,
      });
    }
    const unknown = client.check({ service: "x" });
    await expect(unknown).rejects.toMatchObject({ code: Code.NotFound });
  });
}

test("a watcher hears of an unknown service, and of the end", async () => {
  const { url, server } = await serve();
  const client = createClient(Health, createGrpcTransport({ baseUrl: url }));
  const statuses: ServingStatus[] = [];
  const watch = async (service: string, onFirst: () => void) => {
    for await (const { status } of client.watch({ service })) {
      statuses.push(status);
      onFirst();
    }
  };
  const first = Promise.withResolvers<undefined>();
  const second = Promise.withResolvers<undefined>();
  const known = watch("", () => {
    first.resolve(undefined);
  });
  await first.promise;
  const unknown = watch("nobody", () => {
    second.resolve(undefined);
  });
  await second.promise;
  expect(statuses).toEqual([
    ServingStatus.SERVING,
    ServingStatus.SERVICE_UNKNOWN,
  ]);
  const closed = server.close();
  const ends = await Promise.allSettled([known, unknown]);
  for (const end of ends) {
    expect(
      end.status === "rejected" && ConnectError.from(end.reason).code,
    ).toBe(Code.Unavailable);
  }
  expect(statuses.slice(2)).toEqual([ServingStatus.NOT_SERVING]);
  await closed;
});

test("a watcher who has gone leaves nothing behind", async () => {
  const health = createHealth([]);
  const watch = health.service.methods["watch"]?.impl as ServiceImpl<
    typeof Health
  >["watch"];
  const comeAndGo = async () => {
    const gone = new AbortController();
    const context = createHandlerContext({
      service: Health,
      method: Health.method.watch,
      protocolName: "grpc",
      requestMethod: "POST",
      url: "http://localhost/",
      requestSignal: gone.signal,
    });
    const statuses = watch(create(HealthCheckRequestSchema), context)[
      Symbol.asyncIterator
    ]();
    await statuses.next();
    const next = statuses.next();
    gone.abort();
    await next.catch(() => undefined);
  };
  await comeAndGo();
  const promises = () => queryObjects(Promise, { format: "count" });
  const before = promises();
  for (let watchers = 0; watchers < 200; watchers += 1) {
    await comeAndGo();
  }
  expect(promises() - before).toBeLessThan(200);
});

test("all services are listed", async () => {
  const { url } = await serve();
  const client = createClient(Health, createGrpcTransport({ baseUrl: url }));
  const { statuses } = await client.list({});
  expect(Object.keys(statuses).sort()).toEqual([
    "",
    "zitadel.admin.v1.AdminService",
  ]);
});

test("probes are answered in plain text", async () => {
  let ready = true;
  const { url } = await startServer({
    pages: debugPages(() => {
      if (!ready) {
        throw new Error("the store is away");
      }
      return true;
    }),
  });
  const get = async (path: string) => {
    const response = await fetch(url + path);
    return [
      response.status,
      response.headers.get("content-type"),
      await response.text(),
    ];
  };
  const plain = "text/plain; charset=utf-8";
  expect(await get("/debug/healthz")).toEqual([200, plain, "ok"]);
  expect(await get("/debug/ready")).toEqual([200, plain, "ok"]);
  ready = false;
  expect(await get("/debug/healthz")).toEqual([200, plain, "ok"]);
  expect(await get("/debug/ready")).toEqual([412, plain, "not ready"]);
});
