import { Option } from "commander";
import { defaultConfig } from "../../config.ts";
import type { ServerConfig } from "../../config.ts";
import { parseCount, parseSize, parseWait } from "./values.ts";

type Limits = ServerConfig["limits"];

/** How a limit is written. */
const kinds = {
  requestSize: {
    value: "<size>",
    parse: (text: string) => parseSize(text, 1, 4 * 1024 ** 2),
  },
  size: { value: "<size>", parse: (text: string) => parseSize(text, 1) },
  sizeOrNone: { value: "<size>", parse: (text: string) => parseSize(text, 0) },
  count: { value: "<number>", parse: (text: string) => parseCount(text, 1) },
  countOrNone: {
    value: "<number>",
    parse: (text: string) => parseCount(text, 0),
  },
  depth: {
    value: "<number>",
    parse: (text: string) => parseCount(text, 1, 1000),
  },
  span: { value: "<span>", parse: parseWait },
};

interface LimitFlag {
  readonly flag: string;
  readonly kind: keyof typeof kinds;
  readonly description: string;
  /** The default as one would write it. */
  readonly byDefault: string;
}

/** The flag of each limit, in the order of the help. */
export const limitFlags: Readonly<Record<keyof Limits, LimitFlag>> = {
  maxRequestSize: {
    flag: "--max-request-size",
    kind: "requestSize",
    description: "size of a request message, after decompression; at most 4MiB",
    byDefault: "256KiB",
  },
  maxTargetBytes: {
    flag: "--max-target-bytes",
    kind: "size",
    description: "length of the path and query of a request",
    byDefault: "8KiB",
  },
  maxQueryParameters: {
    flag: "--max-query-parameters",
    kind: "count",
    description: "number of query parameters",
    byDefault: "256",
  },
  maxQueryDepth: {
    flag: "--max-query-depth",
    kind: "count",
    description: "depth of a query parameter's name: fields joined by dots",
    byDefault: "16",
  },
  maxJsonDepth: {
    flag: "--max-json-depth",
    kind: "depth",
    description: "nesting depth of JSON objects and arrays",
    byDefault: "100",
  },
  maxHeaderBytes: {
    flag: "--max-header-bytes",
    kind: "size",
    description: "size of the request header",
    byDefault: "16KiB",
  },
  maxHeaderCount: {
    flag: "--max-header-count",
    kind: "count",
    description: "number of header fields",
    byDefault: "128",
  },
  maxConnections: {
    flag: "--max-connections",
    kind: "countOrNone",
    description: "connections of all clients",
    byDefault: "12000",
  },
  maxConnectionsPerAddress: {
    flag: "--max-connections-per-address",
    kind: "countOrNone",
    description:
      "connections from one IP address, or one /64 network in IPv6; all of a load balancer's have one address",
    byDefault: "4096",
  },
  maxStreamsPerConnection: {
    flag: "--max-streams-per-connection",
    kind: "count",
    description: "concurrent calls on one HTTP/2 connection",
    byDefault: "100",
  },
  maxAnonymousStreamsPerConnection: {
    flag: "--max-anonymous-streams-per-connection",
    kind: "countOrNone",
    description:
      "streams without a token on one connection: health watches, reflection",
    byDefault: "16",
  },
  maxAnonymousStreamsPerAddress: {
    flag: "--max-anonymous-streams-per-address",
    kind: "countOrNone",
    description:
      "streams without a token from one IP address, or one /64 network in IPv6",
    byDefault: "512",
  },
  maxAnonymousStreams: {
    flag: "--max-anonymous-streams",
    kind: "countOrNone",
    description: "streams without a token in all",
    byDefault: "2048",
  },
  streamResetBurst: {
    flag: "--stream-reset-burst",
    kind: "countOrNone",
    description:
      "calls on one HTTP/2 connection that either side may reset in one burst",
    byDefault: "200",
  },
  streamResetRate: {
    flag: "--stream-reset-rate",
    kind: "countOrNone",
    description: "resets per second beyond that burst",
    byDefault: "20",
  },
  maxHeldBytesPerConnection: {
    flag: "--max-held-bytes-per-connection",
    kind: "size",
    description: "memory held by the calls of one connection",
    byDefault: "8MiB",
  },
  maxHeldBytes: {
    flag: "--max-held-bytes",
    kind: "size",
    description: "memory held by the calls of all connections",
    byDefault: "160MiB",
  },
  headersTimeoutMs: {
    flag: "--headers-timeout",
    kind: "span",
    description:
      "how long a request header, a TLS handshake or a connection's first call may take to arrive",
    byDefault: "10s",
  },
  bodyTimeoutMs: {
    flag: "--body-timeout",
    kind: "span",
    description: "how long a request body may take to arrive",
    byDefault: "30s",
  },
  streamIdleTimeoutMs: {
    flag: "--stream-idle-timeout",
    kind: "span",
    description:
      "how long a client may wait between two messages of its stream",
    byDefault: "5m",
  },
  idleTimeoutMs: {
    flag: "--idle-timeout",
    kind: "span",
    description: "how long a connection may stay open without a call",
    byDefault: "75s",
  },
  maxConnectionAgeMs: {
    flag: "--max-connection-age",
    kind: "span",
    description:
      "age, give or take 10%, at which a connection stops taking calls, so that clients move to other nodes; 0s: never",
    byDefault: "0s",
  },
  maxConnectionAgeGraceMs: {
    flag: "--max-connection-age-grace",
    kind: "span",
    description: "how long the calls on such a connection may still run",
    byDefault: "20s",
  },
  writeStallTimeoutMs: {
    flag: "--write-stall-timeout",
    kind: "span",
    description: "how long a client may read nothing of its response",
    byDefault: "30s",
  },
  heartbeatMs: {
    flag: "--heartbeat",
    kind: "span",
    description:
      "how long a response stream may be silent before it gets a heartbeat; 0s: no heartbeats",
    byDefault: "15s",
  },
  drainBytes: {
    flag: "--drain-bytes",
    kind: "sizeOrNone",
    description:
      "how much of a request body is read and dropped after an early response",
    byDefault: "16MiB",
  },
  drainTimeoutMs: {
    flag: "--drain-timeout",
    kind: "span",
    description: "how long such a body may take to end",
    byDefault: "5s",
  },
};

/** The flags of the limits, as a group of their own in the help. */
export function limitOptions(): readonly Option[] {
  return names.map((name) => {
    const { flag, kind, description, byDefault } = limitFlags[name];
    const { value, parse } = kinds[kind];
    return new Option(`${flag} ${value}`, description)
      .env(`LOCKOUTD_${flag.slice(2).toUpperCase().replaceAll("-", "_")}`)
      .default(defaultConfig.limits[name], byDefault)
      .argParser(parse)
      .helpGroup(
        "Limits on clients (0s, and 0 connections or streams: no limit):",
      );
  });
}

/** The limits among the options that a command line was read into. */
export function readLimits(options: Readonly<Record<string, unknown>>): Limits {
  const limits: Record<string, unknown> = {};
  for (const name of names) {
    const { flag } = limitFlags[name];
    limits[name] = options[new Option(flag).attributeName()];
  }
  return limits as unknown as Limits;
}

const names = Object.keys(limitFlags) as (keyof Limits)[];
