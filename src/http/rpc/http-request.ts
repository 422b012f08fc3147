import type { ContextValues } from "@connectrpc/connect";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { clampTimeoutHeader } from "./deadline.ts";
import type { Exchange } from "../connection/exchange/exchange.ts";
import { requestIdKey } from "../request/id.ts";

/** Connect's request, with the target as it was written. */
export interface HttpRequest extends UniversalServerRequest {
  readonly target: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly contextValues: ContextValues;
}

/** Connect's handlers repeat an encoding that they do not know. Those that they know are shorter, in characters. */
const maxEncodingLength = 100;
const encodingHeaders = new Set([
  "grpc-encoding",
  "content-encoding",
  "connect-content-encoding",
]);

/** Stands for the client's authority, which no part of the server may rely on, in the URLs that handlers see. */
const fixedOrigin = "http://lockoutd.invalid";

/**
 * The request as the handlers of all protocols take it.
 *
 * @param path the raw path, for a target in absolute form
 * @param abort ends the call; this function does so when the client leaves
 * @throws TypeError when a header cannot be represented
 */
export function toHttpRequest(
  exchange: Exchange,
  path: string,
  requestId: string,
  abort: AbortController,
): HttpRequest {
  exchange.onGone(() => {
    abort.abort(new ConnectError("the client went away", Code.Canceled));
  });
  return {
    httpVersion: exchange.httpVersion,
    method: exchange.method,
    target: exchange.target,
    url: safeUrl(exchange.target, path),
    header: webHeaders(exchange.rawHeaders),
    body: exchange.body,
    signal: abort.signal,
    contextValues: createContextValues().set(requestIdKey, requestId),
  };
}

/** An absolute URL that handlers can rely on, whatever the client called the server. */
export function safeUrl(target: string, path: string): string {
  const query = target.indexOf("?");
  return fixedOrigin + path + (query < 0 ? "" : target.slice(query));
}

/** @throws TypeError when a header cannot be represented */
export function webHeaders(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    if (name.startsWith(":")) {
      continue;
    }
    const value = rawHeaders[i + 1] ?? "";
    headers.append(
      name,
      encodingHeaders.has(name)
        ? value.slice(0, maxEncodingLength)
        : clampTimeoutHeader(name, value),
    );
  }
  return headers;
}
