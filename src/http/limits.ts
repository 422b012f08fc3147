/**
 * What one client may ask of the server. Every number has a default that suits a public server, and 0 switches a limit on
 * time or connections off; sizes cannot be switched off.
 */
export interface HttpLimits {
  /**
   * Largest message of a request, after decompression, in bytes; of a stream each one. At most {@link mostRequestSize}. Default
   * 256 KiB: the largest that any call of lockout needs, a user with 100 aliases, has room in it.
   */
  readonly maxRequestSize: number;
  /** Longest request target (path and query), in bytes; above it: 414. Default 8 KiB. */
  readonly maxTargetBytes: number;
  /** Parameters of a query, where JSON over HTTP has one; above it: 400. Default 256. */
  readonly maxQueryParameters: number;
  /** Names of fields that such a parameter may join by dots; above it: 400. Default 16. */
  readonly maxQueryDepth: number;
  /** Objects and arrays within each other in a JSON message; above it: 400. Default 100. */
  readonly maxJsonDepth: number;
  /** Header names and values of one request, in bytes; above it: 431. Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** Header fields of one request; above it: 431. Default 128. */
  readonly maxHeaderCount: number;
  /** Concurrent streams on one HTTP/2 connection. Default 100. */
  readonly maxStreamsPerConnection: number;
  /**
   * Streams of an HTTP/2 connection that may end at once without their response: reset by the client (CVE-2023-44487), or by the
   * server for what the client did (CVE-2025-8671). Above it the connection ends with ENHANCE_YOUR_CALM. Default 200 …
   */
  readonly streamResetBurst: number;
  /** … and per second from then on. Default 20. */
  readonly streamResetRate: number;
  /**
   * Streams without a token (watches of health, reflection) that one connection has open at once; above it: RESOURCE_EXHAUSTED.
   * Default 16: a client needs one for each service that it watches.
   */
  readonly maxAnonymousStreamsPerConnection: number;
  /** The same from one address (IPv6: one /64 network). Default 512. A load balancer's are all from one. */
  readonly maxAnonymousStreamsPerAddress: number;
  /** The same for the server. Default 2048: each takes 75 KiB. */
  readonly maxAnonymousStreams: number;
  /** Connections of all clients together; further ones are closed. Default 12,000: idle ones take half a gibibyte at most. */
  readonly maxConnections: number;
  /** Connections from one address (IPv6: one /64 network). A load balancer's are all from one. Default 4096. */
  readonly maxConnectionsPerAddress: number;
  /**
   * Bytes that the requests of one connection may hold: what they have received, what waits to be sent, and a price for each that
   * is open. Above it HTTP/2 requests wait, and pipelined ones end the connection. Default 8 MiB: a hundred open streams take
   * half of it.
   */
  readonly maxHeldBytesPerConnection: number;
  /**
   * The same for all connections together: above it requests are refused, and those connections end that hold most. Default
   * 160 MiB, enough for 13,000 requests at once or 3,400 open streams, which leaves 512 MiB enough for everything else.
   */
  readonly maxHeldBytes: number;
  /**
   * Milliseconds for a request's header to arrive; also for the TLS handshake, the first bytes of a connection, and the first
   * stream of an HTTP/2 connection. Default 10 s.
   */
  readonly headersTimeoutMs: number;
  /** Milliseconds from its header on for the body of a request that is not a stream of messages. Default 30 s. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds between two pieces of a client's stream of messages, while the method waits for one. Default 5 min. */
  readonly streamIdleTimeoutMs: number;
  /** Milliseconds that a connection may stay open without a request. Default 75 s. */
  readonly idleTimeoutMs: number;
  /**
   * Milliseconds after which a connection takes no new requests, 10 % more or less, so that clients with long-lived ones move on to
   * other nodes. Default 0, for ever: only a balancer of connections has use for it.
   */
  readonly maxConnectionAgeMs: number;
  /** Milliseconds from then on for what runs on the connection. Default 20 s, as at a shutdown. */
  readonly maxConnectionAgeGraceMs: number;
  /** Milliseconds for which a client may stop to take an answer that is ready. Default 30 s. */
  readonly writeStallTimeoutMs: number;
  /**
   * Milliseconds without a message, after which a stream's response gets a heartbeat; 0 for none. Default 15 s: proxies cut what says
   * nothing for 30 s or more.
   */
  readonly heartbeatMs: number;
  /** Bytes of an unread body that are taken in after an early answer, so that the client reads the answer. Default 16 MiB. */
  readonly drainBytes: number;
  /** Milliseconds that such a rest is awaited. Default 5 s. */
  readonly drainTimeoutMs: number;
  /** Milliseconds that a shutdown waits for what runs, before it aborts it. Default 20 s. */
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

/** Most that {@link HttpLimits.maxRequestSize} may be, in bytes: to read 3 MB of JSON keeps everybody else waiting for 0.2 s. */
export const mostRequestSize = 4 * 1024 * 1024;

/** Largest message for which nobody needs a token, in bytes: names to look up are shorter. */
export const openMessageBytes = 4096;

/** Deeper JSON would exhaust the stack. */
export const mostJsonDepth = 1000;

const bounds = {
  maxRequestSize: mostRequestSize,
  maxJsonDepth: mostJsonDepth,
} as const satisfies Partial<Record<keyof HttpLimits, number>>;

/** Longest delay that Node's timers take, in milliseconds; a longer one would fire at once. */
export const maxTimerMs = 2 ** 31 - 1;

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
