import { ConnectFailure, connectReceiver } from "../outbound/connect.ts";
import type {
  ConnectOptions,
  ReceiverConnection,
} from "../outbound/connect.ts";
import { closedEarly, exchange } from "../outbound/exchange.ts";

/** What is posted. */
export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of it. */
export interface PostResult {
  /** 0 where there was no response in time. */
  readonly status: number;
  /** Why not, in words. */
  readonly error: string;
  /** How the body of the response begins. */
  readonly response: string;
  readonly retryAfter: string | undefined;
  /** Whether it went to this machine or a private network, as far as it went. */
  readonly isPrivate: boolean;
}

/** Until then there must be a response, in milliseconds. */
export const responseMs = 15_000;

/** So many bytes of a response are read, and kept. */
const maxReadBytes = 64 * 1024;
const maxKeptBytes = 1024;

/**
 * Posts to a receiver, with one connection, and follows no redirect. Never rejects for what a receiver does.
 *
 * @param signal ends it, as if there were no response in time
 * @param begin is asked once the connection is there: the next thing is that the request is written. Undefined where it shall not be
 * @returns undefined where it was not begun
 */
export async function post(
  url: URL,
  begin: () => Promise<PostRequest | undefined>,
  options: ConnectOptions & { readonly userAgent: string },
  signal?: AbortSignal,
): Promise<PostResult | undefined> {
  const deadline = new AbortController();
  const ending =
    signal === undefined
      ? deadline.signal
      : AbortSignal.any([deadline.signal, signal]);
  const timer = setTimeout(() => {
    deadline.abort();
  }, responseMs);
  let connection: ReceiverConnection | undefined;
  try {
    connection = await connectReceiver(url, options, ending);
    const request = await begin();
    if (request === undefined) {
      return undefined;
    }
    const { socket, isPrivate } = connection;
    if (socket.destroyed) {
      return noResponse(closedEarly, isPrivate);
    }
    const { body } = request;
    const { status, error, headers, chunks } = await exchange(
      socket,
      url,
      {
        method: "POST",
        headers: {
          "user-agent": options.userAgent,
          ...request.headers,
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
        },
        body,
      },
      { maxReadBytes, maxKeptBytes, timeoutMs: responseMs },
      ending,
    );
    return {
      ...{ status, error, response: firstText(chunks), isPrivate },
      retryAfter: headers["retry-after"],
    };
  } catch (error) {
    if (!(error instanceof ConnectFailure)) {
      throw error;
    }
    return noResponse(error.message, error.isPrivate);
  } finally {
    clearTimeout(timer);
    connection?.socket.destroy();
  }
}

function noResponse(error: string, isPrivate: boolean): PostResult {
  return {
    ...{ status: 0, error, response: "", isPrivate },
    retryAfter: undefined,
  };
}

/** The text of the first bytes; what is not UTF-8 is replaced. */
function firstText(chunks: readonly Buffer[]): string {
  const bytes = Buffer.concat(chunks).subarray(0, maxKeptBytes);
  const text = new TextDecoder().decode(bytes, { stream: true });
  // A replacement has more bytes than what it replaces.
  const encoded = Buffer.from(text).subarray(0, maxKeptBytes);
  return new TextDecoder().decode(encoded, { stream: true });
}
