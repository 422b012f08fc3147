import { Option } from "commander";
import { defaultConfig } from "../config.ts";
import type { ServerConfig } from "../config.ts";
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
    description: "a message of a request, after decompression; at most 4MiB",
    byDefault: "256KiB",
  },
  maxTargetBytes: {
    flag: "--max-target-bytes",
    kind: "size",
    description: "path and query of a request",
    byDefault: "8KiB",
  },
  maxQueryParameters: {
    flag: "--max-query-parameters",
    kind: "count",
    description: "the parameters of a query",
    byDefault: "256",
  },
  maxQueryDepth: {
    flag: "--max-query-depth",
    kind: "count",
    description: "the fields that a parameter's name joins by dots",
    byDefault: "16",
  },
  maxJsonDepth: {
    flag: "--max-json-depth",
    kind: "depth",
    description: "objects and arrays within each other in JSON",
    byDefault: "100",
  },
  maxHeaderBytes: {
    flag: "--max-header-bytes",
    kind: "size",
    description: "the header of a request",
    byDefault: "16KiB",
  },
  maxHeaderCount: {
    flag: "--max-header-count",
    kind: "count",
    description: "the fields of a header",
    byDefault: "128",
  },
  maxConnections: {
    flag: "--max-connections",
    kind: "countOrNone",
    description: "connections of all clients together",
    byDefault: "12000",
  },
  maxConnectionsPerAddress: {
    flag: "--max-connections-per-address",
    kind: "countOrNone",
    description:
      "connections from one address, a /64 network in IPv6; a load balancer's are all from one",
    byDefault: "4096",
  },
  maxStreamsPerConnection: {
    flag: "--max-streams-per-connection",
    kind: "count",
    description: "calls at once on an HTTP/2 connection",
    byDefault: "100",
  },
  maxAnonymousStreamsPerConnection: {
    flag: "--max-anonymous-streams-per-connection",
    kind: "countOrNone",
    description:
      "streams without a token on a connection: watches of health, reflection",
    byDefault: "16",
  },
  maxAnonymousStreamsPerAddress: {
    flag: "--max-anonymous-streams-per-address",
    kind: "countOrNone",
    description: "and from one address, a /64 network in IPv6",
    byDefault: "512",
  },
  maxAnonymousStreams: {
    flag: "--max-anonymous-streams",
    kind: "countOrNone",
    description: "and in all",
    byDefault: "2048",
  },
  streamResetBurst: {
    flag: "--stream-reset-burst",
    kind: "countOrNone",
    description:
      "calls on an HTTP/2 connection that may be cut at once, by either side",
    byDefault: "200",
  },
  streamResetRate: {
    flag: "--stream-reset-rate",
    kind: "countOrNone",
    description: "and from then on per second",
    byDefault: "20",
  },
  maxHeldBytesPerConnection: {
    flag: "--max-held-bytes-per-connection",
    kind: "size",
    description: "what the calls of a connection hold in memory",
    byDefault: "8MiB",
  },
  maxHeldBytes: {
    flag: "--max-held-bytes",
    kind: "size",
    description: "what the calls of all connections hold in memory",
    byDefault: "160MiB",
  },
  headersTimeoutMs: {
    flag: "--headers-timeout",
    kind: "span",
    description:
      "for a header to arrive, a TLS handshake, or a connection's first call",
    byDefault: "10s",
  },
  bodyTimeoutMs: {
    flag: "--body-timeout",
    kind: "span",
    description: "for a body to arrive",
    byDefault: "30s",
  },
  streamIdleTimeoutMs: {
    flag: "--stream-idle-timeout",
    kind: "span",
    description: "between two messages of a client's stream",
    byDefault: "5m",
  },
  idleTimeoutMs: {
    flag: "--idle-timeout",
    kind: "span",
    description: "for a connection without a call",
    byDefault: "75s",
  },
  maxConnectionAgeMs: {
    flag: "--max-connection-age",
    kind: "span",
    description:
      "after which a connection takes no new calls, 10% more or less, so that clients move to other nodes",
    byDefault: "0s",
  },
  maxConnectionAgeGraceMs: {
    flag: "--max-connection-age-grace",
    kind: "span",
    description: "and then for what runs on it",
    byDefault: "20s",
  },
  writeStallTimeoutMs: {
    flag: "--write-stall-timeout",
    kind: "span",
    description: "for a client that takes nothing of its answer",
    byDefault: "30s",
  },
  heartbeatMs: {
    flag: "--heartbeat",
    kind: "span",
    description:
      "without a message, after which a stream gets a heartbeat; 0s: none",
    byDefault: "15s",
  },
  drainBytes: {
    flag: "--drain-bytes",
    kind: "sizeOrNone",
    description: "of a body that is taken in after an early answer",
    byDefault: "16MiB",
  },
  drainTimeoutMs: {
    flag: "--drain-timeout",
    kind: "span",
    description: "for such a body to end",
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
        "Limits of what a client may ask (0s, and 0 connections or streams: no limit):",
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
