import type { ServerHttp2Session } from "node:http2";

/** The number of nghttp2's NGHTTP2_ERR_PROTO. */
const protocolError = -505;

/**
 * Keeps an HTTP/2 connection whose client has sent more data on a stream than its content-length says: an error of the stream
 * (RFC 9113, §8.1.1), which nghttp2 resets. It tells Node so by the number that it also has for errors of the connection, and
 * Node ends the connection for both. Which one it was is seen a moment later, by whether a stream was reset.
 */
export class StreamErrors {
  /** Errors that may be those of streams. */
  #pending = 0;
  /** Streams that nghttp2 has reset meanwhile. */
  #resets = 0;

  /** @param onKept called where the connection is kept */
  constructor(session: ServerHttp2Session, onKept: () => void) {
    const destroy = session.destroy.bind(session);
    session.destroy = (error, code) => {
      if (!isProtocolError(error) || session.destroyed) {
        destroy(error, code);
        return;
      }
      this.#pending += 1;
      if (this.#pending > 1) {
        return;
      }
      this.#resets = 0;
      // By then the reset has been sent, and its stream has been closed.
      setImmediate(() => {
        const isKept = this.#resets >= this.#pending;
        this.#pending = 0;
        if (isKept) {
          onKept();
        } else {
          destroy(error);
        }
      });
    };
  }

  /** A stream was closed by a reset with PROTOCOL_ERROR. */
  streamReset(): void {
    this.#resets += 1;
  }
}

function isProtocolError(error: unknown): boolean {
  return (
    error instanceof Error && "errno" in error && error.errno === protocolError
  );
}
