import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import {
  BeginAttemptRequestSchema,
  Factor,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import {
  ListEventsRequestSchema,
  UpdateLockoutPolicyRequestSchema,
} from "../../../gen/zitadel/admin_pb.js";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

/** The administrator's token of a server that is fuzzed. */
export const fuzzToken = "the-token-of-the-fuzz-administrator";

export const targets = [
  "/zitadel.admin.v1.AdminService/UpdateLockoutPolicy",
  "/zitadel.admin.v1.AdminService/GetLockoutPolicy",
  "/zitadel.admin.v1.AdminService/ListEvents",
  "/lockout.v1.AttemptService/BeginAttempt",
  "/lockout.v1.AttemptService/GetLockout?connect=v1&encoding=json&message=%7B%22userId%22%3A%22a%22%7D",
  "/lockout.v1.AttemptService/WatchEvents",
  "/lockout.v1.AttemptService/Nothing",
  "/grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/admin/v1/policies/lockout",
  "/admin/v1/policies/password/lockout",
  "/admin/v1/events/_search",
  "/management/v1/users/a%2Fb/_lock",
  "/lockout/v1/attempts",
  "/lockout/v1/attempts/397114861402619904:complete",
  "/lockout/v1/users/a/lockout?x.y.z=1&x.y=2",
  "/lockout/v1/users?pageSize=1e3&page_token=%ff",
  "/lockout/v1/lockedUsers?since=2030-01-01T00:00:00Z",
  "/lockout/v1/events:watch?after=0",
  "/debug/healthz",
  "/debug/ready",
  "/",
  "//",
  "*",
  "/%",
  "/%2e%2e/%2f",
  "http://a/debug/healthz",
] as const;

export const contentTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "application/proto",
  "application/connect+json",
  "application/connect+proto",
  "application/grpc",
  "application/grpc+proto",
  "application/grpc+json",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "application/grpc-web-text+proto",
  "text/plain",
  "application/x-www-form-urlencoded",
  ";",
] as const;

const jsons = [
  "{}",
  '{"maxPasswordAttempts":3}',
  '{"maxPasswordAttempts":"4294967296"}',
  '{"userId":"a","factor":"FACTOR_PASSWORD"}',
  '{"userId":"a","factor":1,"client":{"address":"::1"}}',
  '{"asc":true,"limit":5,"eventTypes":["user.locked"]}',
  '{"listServices":""}',
  '{"__proto__":{"a":1}}',
  '{"maxPasswordAttempts":1,"maxPasswordAttempts":2}',
  "[".repeat(500),
  '{"a":1e999}',
  '"\\ud800"',
  "null",
  "",
] as const;

type Field = readonly [name: string, value: string];

/** Headers that the protocols know, with values that they do and do not. */
export function protocolHeaders(random: Random): readonly Field[] {
  const known: readonly [Field, ...Field[]] = [
    ["authorization", `Bearer ${fuzzToken}`],
    ["authorization", "Bearer"],
    ["content-type", random.pick(contentTypes)],
    ["connect-protocol-version", random.pick(["1", "2", ""])],
    [
      "connect-timeout-ms",
      random.pick(["1", "1000", "-1", "99999999999", "x"]),
    ],
    ["connect-content-encoding", random.pick(["gzip", "br", "zstd"])],
    ["grpc-timeout", random.pick(["1m", "1S", "0n", "999999999H", "S"])],
    ["grpc-encoding", random.pick(["gzip", "identity", "br", "x"])],
    ["grpc-accept-encoding", "gzip,br"],
    ["content-encoding", random.pick(["gzip", "br", "gzip, gzip", "x"])],
    ["accept-encoding", random.pick(["gzip", "*;q=0", ""])],
    ["accept", random.pick(["*/*", "text/event-stream", "application/json"])],
    ["x-zitadel-orgid", random.pick(["1", "é", ""])],
    ["origin", "https://login.example.com"],
    ["access-control-request-method", "PUT"],
    ["x-request-id", random.pick(["a", "\t", "x".repeat(300)])],
    ["x-grpc-web", "1"],
    ["te", "trailers"],
    ["expect", random.pick(["100-continue", "200"])],
    ["cookie", "a=b"],
    ["key-bin", random.pick(["AAE=", "!", ""])],
  ];
  return random.several(random.below(7), () => random.pick(known));
}

/** A body of one of the protocols, right or nearly so. */
export function body(random: Random): Buffer {
  const message = random.oneIn(2)
    ? Buffer.from(random.pick(jsons))
    : binary(random);
  const mutated = random.oneIn(3) ? mutate(random, message) : message;
  switch (random.below(5)) {
    case 0:
      return mutated;
    case 1:
      return compress(random, mutated);
    case 2:
      return Buffer.from(envelopes(random, mutated).toString("base64"));
    default:
      return envelopes(random, mutated);
  }
}

function binary(random: Random): Buffer {
  const message = <Desc extends DescMessage>(
    schema: Desc,
    init: MessageInitShape<Desc>,
  ) => Buffer.from(toBinary(schema, create(schema, init)));
  switch (random.below(4)) {
    case 0:
      return message(UpdateLockoutPolicyRequestSchema, { maxOtpAttempts: 4 });
    case 1:
      return message(ListEventsRequestSchema, { limit: 2, asc: true });
    case 2:
      return message(BeginAttemptRequestSchema, {
        subject: { case: "userId", value: "a" },
        factor: Factor.PASSWORD,
      });
    default:
      return random.bytes(random.below(40));
  }
}

function envelopes(random: Random, message: Buffer): Buffer {
  return Buffer.concat(
    random.several(1 + random.below(3), () => {
      const flags = random.pick([0, 0, 0, 1, 2, 3, 0x80, 0xff]);
      const content = flags === 1 ? compress(random, message) : message;
      const head = Buffer.alloc(5);
      head.writeUInt8(flags);
      head.writeUInt32BE(
        random.oneIn(8)
          ? random.pick([0, 1, 0x7fffffff, 0xffffffff, 5_000_000])
          : content.length,
        1,
      );
      return Buffer.concat([head, content]);
    }),
  );
}

function compress(random: Random, message: Buffer): Buffer {
  return random.oneIn(2) ? gzipSync(message) : brotliCompressSync(message);
}
