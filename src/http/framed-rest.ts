import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { HttpRequest } from "./http-request.ts";
import { isGrpcWebText } from "./grpc-web-text.ts";
import type { RequestHead } from "./request-head.ts";
import { callRpc } from "./rpc.ts";
import type { Rpc } from "./rpc.ts";

const grpc = /^application\/grpc(?:\+(?:proto|json))?$/i;
const grpcWeb = /^application\/grpc-web(?:-text)?(?:\+(?:proto|json))?$/i;

/**
 * The RPC protocol of a request for a REST path, as a media type, or nothing where it is JSON. ZITADEL documents its REST paths
 * with gRPC and gRPC-Web as further content types. A request without Content-Type and without a body (GET, DELETE) follows the
 * first range of its Accept.
 */
export function framedTypeOf(
  head: RequestHead,
  httpVersion: string,
  bodyless: boolean,
): string | undefined {
  const type =
    head.contentType === "" && bodyless ? head.accept : head.contentType;
  const first = (type.split(/[,;]/, 1)[0] ?? "").trim();
  if (grpcWeb.test(first)) return first;
  return httpVersion === "2.0" && grpc.test(first) ? first : undefined;
}

const emptyMessage = encodeEnvelope(0, new Uint8Array());
const emptyMessageText = Buffer.from(
  Buffer.from(emptyMessage).toString("base64"),
);

/** Calls a method in an RPC protocol from its REST path. No body at all counts as the empty message. */
export function callFramed(
  rpc: Rpc,
  request: HttpRequest,
  type: string,
): Promise<UniversalServerResponse> {
  const header = new Headers(request.header);
  header.set("content-type", type);
  return callRpc(rpc, {
    ...request,
    method: "POST",
    target: rpc.handler.requestPath,
    url: new URL(rpc.handler.requestPath, request.url).href,
    header,
    body: orElse(
      request.body,
      isGrpcWebText(type) ? emptyMessageText : emptyMessage,
    ),
  });
}

async function* orElse(
  body: AsyncIterable<Uint8Array>,
  substitute: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let empty = true;
  for await (const chunk of body) {
    if (chunk.byteLength > 0) empty = false;
    yield chunk;
  }
  if (empty) yield substitute;
}
