import type { OutgoingHttpHeaders } from "node:http";
import type { RequestBody } from "./body.ts";
import type { ConnectionAccount } from "../budget/budget.ts";

/** A request and the means to respond to it, in either version of HTTP. */
export interface Exchange {
  readonly httpVersion: "1.0" | "1.1" | "2.0";
  /** When its header was there, by `performance.now()`. */
  readonly startedAt: number;
  readonly method: string;
  /** The request target as it stood in the request line or in `:path`, never through a URL parser. */
  readonly target: string;
  /** `:authority` of HTTP/2; on HTTP/1 the `Host` header says it. */
  readonly authority: string | undefined;
  /** Names and values by turns, in the order of the wire; without pseudo-headers. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  /** The account of the connection: the same one for all its exchanges. */
  readonly account: ConnectionAccount;
  readonly body: RequestBody;
  /** Whether the client can get no response any more. */
  isGone(): boolean;

  /** Whether the request has to end, since its connection has. @param now by `performance.now()` */
  isOverdue(now: number): boolean;

  /** Keeps account of what the request holds in memory, in bytes; negative where that is given back. */
  hold(bytes: number): void;
  /** Calls the listener when the client leaves before its response is complete. */
  onGone(listener: () => void): void;
  /** Calls the listener once, when nothing more will happen. */
  onClose(listener: () => void): void;

  /** Sends the header of the response. With `last` no body follows, with `trailers` {@link end} will be given some. */
  head(
    status: number,
    headers: OutgoingHttpHeaders,
    follows: { readonly trailers: boolean; readonly last: boolean },
  ): void;
  /** @returns a promise when the client has to be waited for, before more is written; it rejects when the client is gone */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Bytes that were written, and that the client has not taken. */
  readonly unsent: number;
  /**
   * Has the connection see to it, until the exchange is closed, that neither side is taken for gone while there is nothing to send.
   * HTTP/2 sends PINGs; HTTP/1.1 has nothing of the kind.
   */
  keepAlive(): void;
  /** Sends the header now, though nothing else is written yet. */
  flush(): void;
  end(trailers: OutgoingHttpHeaders | undefined): void;
  /**
   * Sends a complete response of status 200, to a request whose body is complete.
   *
   * @param headers names and values by turns, in lower case; they are Node's from now on
   */
  sendComplete(
    headers: string[],
    body: Uint8Array,
    trailers: Readonly<Record<string, string>> | undefined,
  ): void;
  /** Whether the header of the response was sent. */
  readonly isHeaderSent: boolean;

  /** Called after a response that was sent before the end of the body: the body has ended, or is not read any further. */
  release(complete: boolean): void;
  /** Aborts the exchange; a client that has part of a response sees that it is incomplete. */
  destroy(): void;
}

/** Headers of a connection, which HTTP/2 does not have (RFC 9113, §8.2.2) and HTTP/1.1 responses set by other means. */
const connectionHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Copies web headers into the form that Node takes. */
export function toNodeHeaders(
  headers: Headers,
  http2: boolean,
): OutgoingHttpHeaders {
  const result: OutgoingHttpHeaders = {};
  headers.forEach((value, name) => {
    if (http2 && connectionHeaders.has(name)) {
      return;
    }
    const before = result[name];
    // Only Set-Cookie comes more than once: Headers joins all others.
    if (before === undefined) {
      result[name] = value;
    } else {
      result[name] = Array.isArray(before)
        ? [...before, value]
        : [String(before), value];
    }
  });
  return result;
}

/** For errors that others are told of in their own way: without a listener they would be thrown. */
export function ignore(): void {
  // Nothing to do.
}

/** Waits until a stream takes more; rejects when it is closed before. */
export function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = () => {
      stream.off("close", onClose);
      resolve();
    };
    const onClose = () => {
      stream.off("drain", onDrain);
      reject(new Error("the client went away"));
    };
    stream.once("drain", onDrain);
    stream.once("close", onClose);
  });
}
