import { randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AttemptService,
  Factor,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { createLogger } from "../../src/telemetry/log.ts";
import { fetchSamples } from "../support/metrics-page.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import type { OtlpReceiver } from "../support/otlp-receiver.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// What a collector of traces gets, whatever protocol the calls come by.

let receiver: OtlpReceiver;
let server: TestServer;
const lines: string[] = [];

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  server = await startTestServer(
    { otlpEndpoint: receiver.url },
    {
      log: createLogger({
        ...{ level: "info", format: "json" },
        write: (line) => {
          lines.push(line);
        },
      }),
    },
  );
});

afterAll(async () => {
  await server.close();
  await receiver.close();
});

const hourNs = 3_600_000_000_000n;
const hex = (bytes: number) => randomBytes(bytes).toString("hex");

/** The spans of a trace, once so many have come. */
async function spansOf(traceId: string, count: number) {
  const found = () => receiver.spans.filter((span) => span.traceId === traceId);
  await expect.poll(found).toHaveLength(count);
  return found();
}

const userId = "a-user-of-traces";
const address = "192.0.2.77";
const read = "zitadel.admin.v1.AdminService/GetLockoutPolicy";
const report = "lockout.v1.AttemptService/ReportAttempt";

/** Reports an attempt and reads a policy, with these headers. */
interface Caller {
  readonly name: string;
  readonly write: (headers: Record<string, string>) => Promise<unknown>;
  readonly read: (headers: Record<string, string>) => Promise<unknown>;
  /** The attributes of a call that succeeds. */
  readonly attributes: (
    method: string,
    http: readonly [string, string],
  ) => object;
  /** Those of one without a token. */
  readonly refused: object;
}

function rpc(
  name: string,
  transport: (url: string) => Transport,
  succeeded: object,
  refused: object,
): Caller {
  const client = { factor: Factor.PASSWORD, outcome: Outcome.SUCCEEDED };
  return {
    name,
    write: (headers) =>
      createClient(AttemptService, transport(server.url)).reportAttempt(
        {
          subject: { case: "userId", value: userId },
          client: { address },
          ...client,
        },
        { headers },
      ),
    read: (headers) =>
      createClient(AdminService, transport(server.url)).getLockoutPolicy(
        {},
        { headers },
      ),
    attributes: (method) => ({ "rpc.method": method, ...succeeded }),
    refused: { "rpc.method": read, ...refused },
  };
}

const rest = async (path: string, init: RequestInit) => {
  const response = await fetch(`${server.url}${path}`, init);
  await response.text();
  if (!response.ok) {
    throw new Error(String(response.status));
  }
};

const grpc = { "rpc.system.name": "grpc", "rpc.response.status_code": "OK" };
const grpcRefused = { ...grpc, "rpc.response.status_code": "UNAUTHENTICATED" };
const connect = { "rpc.system.name": "connectrpc" };
const callers: readonly Caller[] = [
  rpc("gRPC", (baseUrl) => createGrpcTransport({ baseUrl }), grpc, grpcRefused),
  rpc(
    "gRPC-Web",
    (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    grpc,
    grpcRefused,
  ),
  rpc(
    "Connect",
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
    connect,
    { ...connect, "rpc.response.status_code": "unauthenticated" },
  ),
  {
    name: "REST",
    write: (headers) =>
      rest("/lockout/v1/attempts:report", {
        method: "POST",
        headers,
        body: JSON.stringify({
          ...{ userId, factor: "FACTOR_PASSWORD", client: { address } },
          outcome: "OUTCOME_SUCCEEDED",
        }),
      }),
    read: (headers) => rest("/admin/v1/policies/lockout", { headers }),
    attributes: (method, [httpMethod, route]) => ({
      "rpc.method": method,
      "http.request.method": httpMethod,
      "http.route": route,
      "http.response.status_code": 200,
    }),
    refused: {
      "rpc.method": read,
      "http.request.method": "GET",
      "http.route": "/admin/v1/policies/lockout",
      "http.response.status_code": 401,
    },
  },
];

describe.each(callers)("by $name", (caller) => {
  const begin = () => {
    const [traceId, parent] = [hex(16), hex(8)];
    const headers = {
      authorization: `Bearer ${server.adminToken}`,
      traceparent: `00-${traceId}-${parent}-01`,
    };
    return { traceId, parent, headers };
  };

  it("a call continues its caller's trace, with the commit that it waited for", async () => {
    const { traceId, parent, headers } = begin();
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    await caller.write(headers);
    const [call, commit] = await spansOf(traceId, 2);
    expect(call).toMatchObject({
      ...{ parentSpanId: parent, name: report, kind: 2, isError: false },
    });
    expect(call?.attributes).toEqual(
      caller.attributes(report, ["POST", "/lockout/v1/attempts:report"]),
    );
    expect(commit).toMatchObject({
      ...{ parentSpanId: call?.spanId, name: "store.commit", kind: 1 },
      // The use of the token may be noted beside it, and the lease for sending to hooks.
      attributes: {
        "lockoutd.store.batch_size": expect.toBeOneOf([1, 2, 3]) as number,
      },
    });
    const [start = 0n, end = 0n] = [call?.startNs, call?.endNs];
    // An hour for a clock that is set meanwhile, or a machine that is paused.
    expect(start).toBeGreaterThan(before - hourNs);
    expect(start).toBeLessThan(before + hourNs);
    expect(end).toBeGreaterThan(start);
    expect(commit?.startNs).toBeGreaterThanOrEqual(start);
    expect(commit?.endNs).toBeLessThanOrEqual(end);
  });

  it("a read has no commit, and the log names the trace", async () => {
    const { traceId, headers } = begin();
    await caller.read(headers);
    const [call] = await spansOf(traceId, 1);
    expect(call?.name).toBe(read);
    const logged = lines.filter((line) => line.includes(traceId));
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? "{}")).toMatchObject({
      ...{ msg: "request", rpc: read, traceId, spanId: call?.spanId },
    });
  });

  it("a call without a token has its code, and is no error of the server", async () => {
    const { traceId, headers } = begin();
    await expect(
      caller.read({ traceparent: headers.traceparent }),
    ).rejects.toThrow();
    const [call] = await spansOf(traceId, 1);
    expect(call).toMatchObject({ name: read, isError: false });
    expect(call?.attributes).toEqual(caller.refused);
  });

  it("a trace that is not sampled is in the log alone, and a malformed one begins anew", async () => {
    const unsampled = begin();
    await caller.read({
      ...unsampled.headers,
      traceparent: unsampled.headers.traceparent.replace(/1$/, "0"),
    });
    const malformed = begin();
    await caller.read({
      ...malformed.headers,
      traceparent: malformed.headers.traceparent.toUpperCase(),
    });
    const last = begin();
    await caller.read(last.headers);
    await spansOf(last.traceId, 1);
    const of = (traceId: string) =>
      receiver.spans.filter((span) => span.traceId === traceId);
    expect(of(unsampled.traceId)).toEqual([]);
    expect(of(malformed.traceId)).toEqual([]);
    expect(receiver.spans.some((span) => span.parentSpanId === "")).toBe(true);
    expect(lines.some((line) => line.includes(unsampled.traceId))).toBe(true);
  });
});

it("an unknown method is _OTHER, and a page is no call", async () => {
  const traceId = hex(16);
  const headers = {
    "content-type": "application/grpc-web",
    traceparent: `00-${traceId}-${hex(8)}-01`,
  };
  for (const path of ["/debug/healthz", "/no.such.v1.Service/Secret"]) {
    const post = { method: "POST", headers, body: new Uint8Array(5) };
    const init = path.startsWith("/debug")
      ? { headers: { traceparent: headers.traceparent } }
      : post;
    await (await fetch(`${server.url}${path}`, init)).arrayBuffer();
  }
  const [span] = await spansOf(traceId, 1);
  expect(span).toMatchObject({ name: "_OTHER", isError: true });
  expect(span?.attributes).toEqual({
    "rpc.system.name": "grpc",
    "rpc.method": "_OTHER",
    "rpc.response.status_code": "UNIMPLEMENTED",
  });
  expect(receiver.resource()).toMatchObject({ "service.name": "lockoutd" });
});

it("no user, address or token is in a span", () => {
  const sent = receiver.bytes().toString("latin1");
  expect(sent).toContain(report);
  for (const secret of [userId, address, server.adminToken, "Secret"]) {
    expect(sent).not.toContain(secret);
  }
});

describe.each(["refuse", "never", "away"] as const)(
  "a collector that does %s",
  (how) => {
    it("holds up nothing, and what is lost is counted", async () => {
      const collector = await startOtlpReceiver(how === "away" ? "take" : how);
      if (how === "away") {
        await collector.close();
      }
      const traced = await startTestServer({
        otlpEndpoint: collector.url,
        metricsListen: { host: "127.0.0.1", port: 0 },
      });
      const client = createClient(
        AdminService,
        createGrpcTransport({ baseUrl: traced.url }),
      );
      const headers = { authorization: `Bearer ${traced.adminToken}` };
      const dropped = async () =>
        (await fetchSamples(traced.metricsUrl ?? "")).get(
          "lockoutd_otlp_spans_dropped_total",
        );
      expect(await dropped()).toBe(0);
      for (let calls = 0; calls < 20; calls += 1) {
        await client.getLockoutPolicy({}, { headers });
      }
      if (how !== "never") {
        await expect.poll(dropped).toBe(20);
      }
      const asked = how === "never" ? 1 : 0;
      await expect.poll(collector.open).toBe(asked);
      await traced.close();
      // It was not waited for until its ten seconds were over.
      expect(collector.open()).toBe(asked);
      if (how !== "away") {
        await collector.close();
      }
    });
  },
);
