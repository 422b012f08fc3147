/** The calls that are measured. */
import { gzipSync } from "node:zlib";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import type { Protocol } from "./peers/peer-process.ts";

export const paths = {
  read: `/${AdminService.typeName}/GetLockoutPolicy`,
  write: `/${AdminService.typeName}/UpdateLockoutPolicy`,
  rest: "/admin/v1/policies/lockout",
} as const;

/** A request over HTTP/1.1. */
interface Http1Read {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer> | undefined;
}

/** How the policy is read over HTTP/1.1. */
export const http1Reads = {
  connect: {
    method: "POST",
    path: paths.read,
    headers: {
      "content-type": "application/json",
      "connect-protocol-version": "1",
    },
    body: Buffer.from("{}"),
  },
  "connect-gzip": {
    method: "POST",
    path: paths.read,
    headers: {
      "content-type": "application/json",
      "content-encoding": "gzip",
      "connect-protocol-version": "1",
    },
    body: gzipSync("{}"),
  },
  "connect-get": {
    method: "GET",
    path: `${paths.read}?connect=v1&encoding=json&message=%7B%7D`,
    headers: {},
    body: undefined,
  },
  rest: { method: "GET", path: paths.rest, headers: {}, body: undefined },
  "rest-gzip": {
    method: "GET",
    path: paths.rest,
    // A small response is compressed for clients alone that take no other.
    headers: { "accept-encoding": "gzip, identity;q=0" },
    body: undefined,
  },
} as const satisfies Record<string, Http1Read>;

/** The name of a call over HTTP/1.1. */
export type Http1CallName = keyof typeof http1Reads;

/** So many requests by gRPC are always on their way. */
export const inFlight = 128;
/** HTTP/2 connections that share them. */
export const connections = 4;
/**
 * Connections over HTTP/1.1, each with a request on its way. They are opened within the time that wrk measures: with
 * 128 of them p99 was fifty times p50, and told of that moment.
 */
export const http1Connections = 64;

export interface Call {
  readonly title: string;
  readonly protocol: Protocol;
}

/** By the names that `--only` takes. */
export const calls = {
  grpc: { title: "gRPC unary read", protocol: "grpc" },
  connect: { title: "Connect JSON read over HTTP/1.1", protocol: "connect" },
  "connect-gzip": {
    title: "Connect JSON read, request by gzip",
    protocol: "connect",
  },
  "connect-get": { title: "Connect JSON read by GET", protocol: "connect" },
  rest: { title: "REST JSON read over HTTP/1.1", protocol: "rest" },
  "rest-gzip": { title: "REST JSON read, response by gzip", protocol: "rest" },
  write: { title: "gRPC unary durable write", protocol: "grpc" },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof calls;

export const callNames = Object.keys(calls) as readonly CallName[];

/** Calls that are compared with one another. */
export const comparedCalls: readonly (readonly CallName[])[] = [
  ["grpc", "write"],
  ["connect", "connect-gzip", "connect-get"],
  ["rest", "rest-gzip"],
];
