import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { ConnectFailure, connectReceiver } from "./connect.ts";
import type { ConnectOptions, ReceiverConnection } from "./connect.ts";

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
    return {
      ...(await exchange(
        socket,
        url,
        {
          ...request,
          headers: { "user-agent": options.userAgent, ...request.headers },
        },
        ending,
      )),
      isPrivate,
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

const closedEarly = "the connection was closed before there was a response";

function noResponse(error: string, isPrivate: boolean): PostResult {
  return {
    ...{ status: 0, error, response: "", isPrivate },
    retryAfter: undefined,
  };
}

/** Writes the request and reads the response, until the signal. */
function exchange(
  socket: Socket,
  url: URL,
  { headers, body }: PostRequest,
  signal: AbortSignal,
): Promise<Omit<PostResult, "isPrivate">> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let head: IncomingMessage | undefined;
    const end = (error: string) => {
      signal.removeEventListener("abort", timeOut);
      request.destroy();
      const status = head?.statusCode ?? 0;
      resolve({
        ...{ status, error: status === 0 ? error : "" },
        response: firstText(chunks),
        retryAfter: head?.headers["retry-after"],
      });
    };
    const timeOut = () => {
      end(`there was no response within ${responseMs / 1000} s`);
    };
    const request = httpRequest({
      method: "POST",
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        ...headers,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        connection: "close",
      },
      createConnection: () => socket,
    });
    // What is no part of the body is parsed too: interim responses, and extensions of chunks.
    const isTooMuch = () => socket.bytesRead > 2 * maxReadBytes;
    request.on("information", () => {
      if (isTooMuch()) {
        end(closedEarly);
      }
    });
    request.on("response", (response) => {
      head = response;
      response.on("data", (chunk: Buffer) => {
        if (size < maxKeptBytes) {
          chunks.push(chunk);
        }
        size += chunk.length;
        if (size >= maxReadBytes || isTooMuch()) {
          end("");
        }
      });
      response.on("error", () => {
        end("");
      });
      response.on("close", () => {
        end("");
      });
    });
    request.on("error", (error) => {
      const isGarbage =
        "code" in error && String(error.code).startsWith("HPE_");
      end(isGarbage ? "the response is not HTTP/1.1" : closedEarly);
    });
    request.on("close", () => {
      end(closedEarly);
    });
    signal.addEventListener("abort", timeOut, { once: true });
    if (signal.aborted) {
      timeOut();
      return;
    }
    request.end(body);
  });
}

/** The text of the first bytes; what is not UTF-8 is replaced. */
function firstText(chunks: readonly Buffer[]): string {
  const bytes = Buffer.concat(chunks).subarray(0, maxKeptBytes);
  const text = new TextDecoder().decode(bytes, { stream: true });
  // A replacement has more bytes than what it replaces.
  const encoded = Buffer.from(text).subarray(0, maxKeptBytes);
  return new TextDecoder().decode(encoded, { stream: true });
}
