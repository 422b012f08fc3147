import { maxTimerMs } from "../transcoding/headers/timer.ts";

export { maxTimerMs };

/**
 * The limits on clients. Every default suits a public server. 0 switches a limit on time or connections off; limits on sizes cannot
 * be switched off.
 */
export interface HttpLimits {
  /**
   * Size of a request message after decompression, in bytes; in a stream, of each message. At most {@link mostRequestSize}. Default
   * 256 KiB: enough for the largest request of any call, a user with 100 aliases.
   */
  readonly maxRequestSize: number;
  /** Length of a request target (path and query), in bytes; above it: 414. Default 8 KiB. */
  readonly maxTargetBytes: number;
  /** Number of query parameters of JSON over HTTP; above it: 400. Default 256. */
  readonly maxQueryParameters: number;
  /** Number of field names that one parameter joins by dots; above it: 400. Default 16. */
  readonly maxQueryDepth: number;
  /** Nesting depth of objects and arrays in a JSON message; above it: 400. Default 100. */
  readonly maxJsonDepth: number;
  /** Header names and values of one request, in bytes; above it: 431. Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Header fields of one request; above it: 431. Default 128. */
  readonly maxHeaderCount: number;
  /** Concurrent streams on one HTTP/2 connection. Default 100. */
  readonly maxStreamsPerConnection: number;
  /**
   * Burst of streams of an HTTP/2 connection that may be reset before their response is complete: by the client (CVE-2023-44487), or
   * by the server for an error of the client (CVE-2025-8671). Above it the connection ends with ENHANCE_YOUR_CALM. Default 200.
   */
  readonly streamResetBurst: number;
  /** Resets per second beyond {@link streamResetBurst}. Default 20. */
  readonly streamResetRate: number;
  /**
   * Streams without a token (watches of health, reflection) that one connection has open at once; above it: RESOURCE_EXHAUSTED.
   * Default 16: a client needs one for each service that it watches.
   */
  readonly maxAnonymousStreamsPerConnection: number;
  /** The same for one address (IPv6: one /64 network). Default 512. All streams through a load balancer have one address. */
  readonly maxAnonymousStreamsPerAddress: number;
  /** The same for the server. Default 2048: each takes 75 KiB. */
  readonly maxAnonymousStreams: number;
  /** Connections of all clients together; further ones are closed. Default 12,000: idle ones take half a gibibyte at most. */
  readonly maxConnections: number;
  /** Connections from one address (IPv6: one /64 network). Default 4096. All connections of a load balancer have one address. */
  readonly maxConnectionsPerAddress: number;
  /**
   * Bytes that the requests of one connection may hold: what was received, what waits to be sent, and a fixed amount for each open
   * request. Above it HTTP/2 requests wait, and pipelined ones end the connection. Default 8 MiB: a hundred open streams hold half of
   * it.
   */
  readonly maxHeldBytesPerConnection: number;
  /**
   * The same for all connections together: above it requests are refused, and the connections that hold most are closed. Default
   * 160 MiB: 13,000 unary requests or 3,400 streams at once, in a process that stays below 512 MiB.
   */
  readonly maxHeldBytes: number;
  /**
   * Milliseconds for a request's header to arrive; also for the TLS handshake, the first bytes of a connection, and the first
   * stream of an HTTP/2 connection. Default 10 s.
   */
  readonly headersTimeoutMs: number;
  /** Milliseconds from the end of its header in which the body of a unary request must arrive. Default 30 s. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds between two pieces of a client's stream, counted while the handler waits for one. Default 5 min. */
  readonly streamIdleTimeoutMs: number;
  /** Milliseconds that a connection may stay open without a request. Default 75 s. */
  readonly idleTimeoutMs: number;
  /**
   * Age in milliseconds, give or take 10 %, at which a connection stops taking requests, so that clients with long-lived connections move
   * to other nodes. Default 0, never: only a load balancer on layer 4 needs it.
   */
  readonly maxConnectionAgeMs: number;
  /** Milliseconds for which requests may still run on such a connection. Default 20 s, as at a shutdown. */
  readonly maxConnectionAgeGraceMs: number;
  /** Milliseconds for which a client may read nothing of its response. Default 30 s. */
  readonly writeStallTimeoutMs: number;
  /**
   * Milliseconds after which a silent response stream gets a heartbeat; 0 for none. Default 15 s: proxies close connections that are
   * silent for 30 s or more.
   */
  readonly heartbeatMs: number;
  /** Bytes of a body that are read and dropped after an early response, so that the client reads that response. Default 16 MiB. */
  readonly drainBytes: number;
  /** Milliseconds in which such a body must end. Default 5 s. */
  readonly drainTimeoutMs: number;
  /** Milliseconds that a shutdown waits for running requests before it aborts them. Default 20 s. */
  readonly shutdownGraceMs: number;
}

/** The defaults of {@link HttpLimits}. */
export const defaultLimits: HttpLimits = {
  maxRequestSize: 256 * 1024,
  maxTargetBytes: 8 * 1024,
  maxQueryParameters: 256,
  maxQueryDepth: 16,
  maxJsonDepth: 100,
  maxHeaderBytes: 16 * 1024,
  maxHeaderCount: 128,
  maxStreamsPerConnection: 100,
  streamResetBurst: 200,
  streamResetRate: 20,
  maxAnonymousStreamsPerConnection: 16,
  maxAnonymousStreamsPerAddress: 512,
  maxAnonymousStreams: 2048,
  maxConnections: 12_000,
  maxConnectionsPerAddress: 4096,
  maxHeldBytesPerConnection: 8 * 1024 * 1024,
  maxHeldBytes: 160 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  streamIdleTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
  maxConnectionAgeMs: 0,
  maxConnectionAgeGraceMs: 20_000,
  writeStallTimeoutMs: 30_000,
  heartbeatMs: 15_000,
  drainBytes: 16 * 1024 * 1024,
  drainTimeoutMs: 5_000,
  shutdownGraceMs: 20_000,
};

const sizes = [
  "maxRequestSize",
  "maxTargetBytes",
  "maxQueryParameters",
  "maxQueryDepth",
  "maxJsonDepth",
  "maxHeaderBytes",
  "maxHeaderCount",
  "maxStreamsPerConnection",
  "maxHeldBytesPerConnection",
  "maxHeldBytes",
] as const satisfies (keyof HttpLimits)[];

/** Maximum of {@link HttpLimits.maxRequestSize}, in bytes: reading 3 MB of JSON blocks the event loop for 0.2 s. */
export const mostRequestSize = 4 * 1024 * 1024;

/** Size of a request message of calls that need no token, in bytes: names to look up are shorter. */
export const openMessageBytes = 4096;

/** Deeper JSON would exhaust the stack. */
export const mostJsonDepth = 1000;

const bounds = {
  maxRequestSize: mostRequestSize,
  maxJsonDepth: mostJsonDepth,
} as const satisfies Partial<Record<keyof HttpLimits, number>>;

/**
 * Completes the given limits with the defaults.
 *
 * @throws RangeError naming the limit that is not a whole number within bounds.
 */
export function resolveLimits(given: Partial<HttpLimits> = {}): HttpLimits {
  const limits: HttpLimits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    const least = (sizes as readonly string[]).includes(name) ? 1 : 0;
    const most =
      (bounds as Readonly<Record<string, number>>)[name] ?? maxTimerMs;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(
        `limit ${name} must be a whole number from ${least} to ${most}, not ${String(value)}`,
      );
    }
  }
  return limits;
}
