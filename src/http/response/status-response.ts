import type { Code } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { createAsyncIterable } from "@connectrpc/connect/protocol";

/** A response with a body that is complete. */
export function bytesResponse(
  status: number,
  header: Record<string, string>,
  body: Uint8Array,
): UniversalServerResponse {
  return {
    status,
    header: new Headers({
      ...header,
      "content-length": String(body.byteLength),
    }),
    body: createAsyncIterable([body]),
  };
}

/** A short text for people and probes. */
export function textResponse(
  status: number,
  text: string,
): UniversalServerResponse {
  return bytesResponse(
    status,
    { "content-type": "text/plain; charset=utf-8" },
    Buffer.from(text),
  );
}

/** ProtoJSON of google.rpc.Status, the form of every error outside the RPC protocols. */
export function statusResponse(
  status: number,
  code: Code,
  message: string,
  header: Record<string, string> = {},
): UniversalServerResponse {
  return bytesResponse(
    status,
    { "content-type": "application/json", ...header },
    Buffer.from(JSON.stringify({ code, message })),
  );
}
