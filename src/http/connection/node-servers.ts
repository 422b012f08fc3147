import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";
import { maxTimerMs } from "../limits.ts";
import type { HttpLimits } from "../limits.ts";
import { checkingInterval } from "./budget/watchdog.ts";

/** Certificate and key in PEM. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Certificates of those who may vouch for clients; given, a client must show a certificate. */
  readonly clientCa?: string | Buffer;
}

/** How the connections of every server are opened. */
export const socketOptions = {
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  noDelay: true,
} as const;

/** In bytes. */
const leastHeaderSize = 128 * 1024;

/** How much Node's parser takes of the header of a request of HTTP/1.1, and as much of its trailers, in bytes. */
export function mostParsedBytes(limits: HttpLimits): number {
  return Math.max(
    limits.maxHeaderBytes + limits.maxTargetBytes + 1024,
    leastHeaderSize,
  );
}

/** Node's server for HTTP/1.1, which also accepts the connections of both versions, under TLS where it is given. */
export function createHttp1Server(
  limits: HttpLimits,
  tls: TlsOptions | undefined,
): http.Server {
  const options: http.ServerOptions = {
    // Both are checked later, with better error messages; here is the bound on what Node buffers. It is higher than the limit, since a header
    // beyond it that arrives in several pieces cannot be told from other errors.
    maxHeaderSize: mostParsedBytes(limits),
    requireHostHeader: false,
    headersTimeout: limits.headersTimeoutMs,
    // The body has a time-out of its own, which differs for streams.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: checkingInterval(limits),
    ...socketOptions,
  };
  const server =
    tls === undefined
      ? http.createServer(options)
      : https.createServer({ ...options, ...tlsOptions(tls, limits) });
  // Node drops fields above its count without a word: one more than is allowed tells that there were too many. Small fields take
  // ten times their size, so that there is no room for all that are sent.
  server.maxHeadersCount = limits.maxHeaderCount + 1;
  return server;
}

/**
 * Gives a server another certificate and key, for the connections to come; those that are open keep theirs.
 *
 * @throws Error where the server has no TLS, or the two cannot be used; then nothing changes
 */
export function renewTls(
  server: http.Server,
  { cert, key, clientCa }: TlsOptions,
): void {
  if (!(server instanceof tls.Server)) {
    throw new Error("the server has no TLS");
  }
  const credentials = {
    cert,
    key,
    ...(clientCa !== undefined && { ca: clientCa }),
  };
  // Tried before the server changes anything.
  tls.createSecureContext(credentials);
  server.setSecureContext(credentials);
}

function tlsOptions(
  { cert, key, clientCa }: TlsOptions,
  limits: HttpLimits,
): https.ServerOptions {
  return {
    cert,
    key,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout:
      limits.headersTimeoutMs === 0 ? maxTimerMs : limits.headersTimeoutMs,
    ...(clientCa === undefined
      ? {}
      : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  };
}

/**
 * How many streams a client can open and cancel in what is read at once, 64 KiB: a stream takes two frames with headers of 9 bytes, four fields
 * of a byte each, and a code of 4.
 */
const cancelsInOneRead = Math.ceil((64 * 1024) / 26);

/** Node's server for HTTP/2, which never listens. */
export function createHttp2Server(limits: HttpLimits): http2.Http2Server {
  return http2.createServer({
    maxHeaderListPairs: 2 * limits.maxHeaderCount,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // Else Node drops a field with a blank at an end, such as "Bearer " of a client whose token is empty, without a word.
    strictFieldWhitespaceValidation: false,
    // nghttp2 counts while it reads, and ends the connection with INTERNAL_ERROR; Http2Session counts behind each read, and says why. Here is
    // more than can come before that, so that it is always first; nghttp2 adds what a second allows when it is over.
    streamResetBurst:
      limits.streamResetBurst + limits.streamResetRate + cancelsInOneRead,
    streamResetRate: limits.streamResetRate,
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.maxStreamsPerConnection,
      // 32 bytes of overhead are counted per field (RFC 9113, §6.5.2).
      maxHeaderListSize:
        limits.maxHeaderBytes +
        limits.maxTargetBytes +
        32 * limits.maxHeaderCount +
        1024,
    },
  });
}
