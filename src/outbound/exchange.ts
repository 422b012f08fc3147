import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** What is written to a connection. */
export interface ExchangeRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How much of a response is read. */
export interface ExchangeLimits {
  /** So many bytes of the body are read. */
  readonly maxReadBytes: number;
  /** So many of them are kept, about. */
  readonly maxKeptBytes: number;
  /** When the signal ends the exchange, in milliseconds after its connection was asked for: for the message. */
  readonly timeoutMs: number;
}

/** What came back. */
export interface ExchangeResult {
  /** 0 where there was no response in time. */
  readonly status: number;
  /** Why not, in words. */
  readonly error: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, as far as it was kept. */
  readonly chunks: readonly Buffer[];
  /** Whether the body was read to its end. */
  readonly isComplete: boolean;
}

/** What is said where a connection ends before there was a response. */
export const closedEarly =
  "the connection was closed before there was a response";

/** Writes a request to a connection, and reads the response, until the signal. Never rejects. */
export function exchange(
  socket: Socket,
  url: URL,
  { method, headers, body }: ExchangeRequest,
  { maxReadBytes, maxKeptBytes, timeoutMs }: ExchangeLimits,
  signal: AbortSignal,
): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let head: IncomingMessage | undefined;
    const end = (error: string) => {
      signal.removeEventListener("abort", timeOut);
      request.destroy();
      const status = head?.statusCode ?? 0;
      resolve({
        ...{ status, error: status === 0 ? error : "", chunks },
        headers: head?.headers ?? {},
        isComplete: head?.complete === true,
      });
    };
    const timeOut = () => {
      end(`there was no response within ${timeoutMs / 1000} s`);
    };
    const request = httpRequest({
      method,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, ...headers, connection: "close" },
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
