import http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callOn } from "../http/http2-call.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

interface Row {
  readonly path: string;
  readonly method?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const frame = (text: string) => encodeEnvelope(0, Buffer.from(text));
const gzipped = (text: string) => encodeEnvelope(1, gzipSync(text));
const grpc = { "content-type": "application/grpc" };
const json = { "content-type": "application/json" };
const grpcJson = { "content-type": "application/grpc+json" };
const webJson = { "content-type": "application/grpc-web+json" };
const connectJson = { "content-type": "application/connect+json" };

// As much as the limits let through: of a header, a path, a message with a token and without.
const inHeader = "h".repeat(8000);
const inPath = "p".repeat(7000);
const inMessage = JSON.stringify({ ["漢".repeat(80_000)]: 1 });
const inOpenMessage = JSON.stringify({ ["\u0001".repeat(600)]: 1 });

const policy = "/zitadel.admin.v1.AdminService/GetLockoutPolicy";
const update = "/admin/v1/policies/password/lockout";
const watch = "/lockout.v1.AttemptService/WatchEvents";
const health = "/grpc.health.v1.Health/";
const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

const rows: Readonly<Record<string, Row>> = {
  "field, gRPC": { path: policy, header: grpcJson, body: frame(inMessage) },
  "field, gRPC-Web": { path: policy, header: webJson, body: frame(inMessage) },
  "field, Connect": {
    path: policy,
    header: json,
    body: Buffer.from(inMessage),
  },
  "field, REST": {
    method: "PUT",
    path: update,
    header: json,
    body: Buffer.from(inMessage),
  },
  "field, REST, gzip": {
    method: "PUT",
    path: update,
    header: { ...json, "content-encoding": "gzip" },
    body: gzipSync(inMessage),
  },
  "name twice, REST": {
    method: "PUT",
    path: update,
    header: json,
    body: Buffer.from(`{"${"x".repeat(99_000)}":1,"${"x".repeat(99_000)}":2}`),
  },
  "enum, REST": {
    path: "/lockout/v1/attempts",
    header: json,
    body: Buffer.from(JSON.stringify({ factor: "x".repeat(200_000) })),
  },
  "stream, gRPC": { path: watch, header: grpcJson, body: frame(inMessage) },
  "stream, gRPC, gzip": {
    path: watch,
    header: { ...grpcJson, "grpc-encoding": "gzip" },
    body: gzipped(inMessage),
  },
  "stream, gRPC-Web": { path: watch, header: webJson, body: frame(inMessage) },
  "stream, Connect": {
    path: watch,
    header: connectJson,
    body: frame(inMessage),
  },
  "stream, REST": {
    method: "GET",
    path: `/lockout/v1/events:watch?${inPath}=1`,
  },
  "position, REST": {
    method: "GET",
    path: `/lockout/v1/events:watch?after=${inPath}`,
  },
  "health, gRPC": {
    path: `${health}Check`,
    header: grpcJson,
    body: frame(inOpenMessage),
  },
  "health, Connect": {
    path: `${health}Check`,
    header: json,
    body: Buffer.from(JSON.stringify({ service: "x".repeat(4000) })),
  },
  "watch of health, gRPC": {
    path: `${health}Watch`,
    header: grpcJson,
    body: frame(inOpenMessage),
  },
  "reflection, gRPC": {
    path: reflection,
    header: grpcJson,
    body: frame(inOpenMessage),
  },
  "reflection, Connect": {
    path: reflection,
    header: connectJson,
    body: frame(inOpenMessage),
  },
  "path, gRPC": { path: `/${inPath}/x`, header: grpc, body: frame("") },
  "path, gRPC-Web": {
    path: `/${inPath}/x`,
    header: webJson,
    body: frame(""),
  },
  "path, Connect": {
    path: `/${inPath}/x`,
    header: { ...json, "connect-protocol-version": "1" },
    body: Buffer.from("{}"),
  },
  "path, REST": { method: "GET", path: `/${inPath}` },
  "query, REST": { method: "GET", path: `/v2/settings/lockout?${inPath}=1` },
  "Connect's GET": {
    method: "GET",
    path: `${policy}?encoding=json&message=${inPath}`,
  },
  ...Object.fromEntries(
    [policy, watch].flatMap((path) =>
      (
        [
          ["grpc-encoding", grpc],
          ["grpc-timeout", grpc],
          ["content-encoding", json],
          ["connect-content-encoding", connectJson],
          ["connect-timeout-ms", json],
          ["connect-protocol-version", json],
          ["last-event-id", connectJson],
        ] as const
      ).map(([name, type]) => [
        `header ${name} of ${path}`,
        {
          path,
          header: { ...type, [name]: inHeader },
          body: frame(""),
        },
      ]),
    ),
  ),
  ...Object.fromEntries(
    ["content-type", "content-encoding", "accept", "x-server-timeout"].map(
      (name) => [
        `header ${name}, REST`,
        {
          method: "PUT",
          path: update,
          header: { ...json, [name]: `a/${inHeader}` },
          body: Buffer.from("{}"),
        },
      ],
    ),
  ),
};

it.each(Object.entries(rows))(
  "an error does not repeat what is long, and leaves the connection: %s",
  async (_name, { path, method = "POST", header, body = Buffer.alloc(0) }) => {
    const session = http2.connect(server.url);
    try {
      const call = () =>
        callOn(
          session,
          {
            ":method": method,
            ":path": path,
            authorization: `Bearer ${server.adminToken}`,
            ...header,
          },
          body,
        );
      for (let time = 0; time < 2; time += 1) {
        const response = await call();
        const { ":status": status } = response.header;
        const size =
          JSON.stringify(response.trailer).length +
          JSON.stringify(response.header).length +
          response.body.byteLength;
        expect(response.resetCode).toBe(0);
        expect(status).toBeDefined();
        // What is wrong is told, and not that a header cannot be read at all.
        expect(response.body.toString()).not.toContain("not allowed");
        expect(size).toBeLessThan(4096);
      }
    } finally {
      session.destroy();
    }
  },
);
