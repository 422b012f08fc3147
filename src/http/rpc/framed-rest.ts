import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { HttpRequest } from "./http-request.ts";
import { encodeBase64, isGrpcWebText } from "../request/grpc-web-text.ts";
import type { RequestHead } from "../request/head.ts";
import { callStream } from "./stream-call.ts";
import type { StreamRpc } from "./stream-call.ts";

const grpc = /^application\/grpc(?:\+(?:proto|json))?$/i;
const grpcWeb = /^application\/grpc-web(?:-text)?(?:\+(?:proto|json))?$/i;

/**
 * The RPC protocol of a request for a REST path, as a media type in lower case, or nothing where it is JSON. ZITADEL documents its REST paths
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
  if (type === "") {
    return undefined;
  }
  const first = (type.split(/[,;]/, 1)[0] ?? "").trim();
  return grpcWeb.test(first) || (httpVersion === "2.0" && grpc.test(first))
    ? first.toLowerCase()
    : undefined;
}

/** Calls a method that streams in an RPC protocol from its REST path. No body at all counts as the empty message. */
export function callFramedStream(
  rpc: StreamRpc & { readonly path: string },
  request: HttpRequest,
  type: string,
): Promise<UniversalServerResponse> {
  const header = new Headers(request.header);
  header.set("content-type", type);
  const empty = Buffer.from(type.endsWith("+json") ? "{}" : "");
  const message = encodeEnvelope(0, empty);
  return callStream(rpc, {
    ...request,
    method: "POST",
    target: rpc.path,
    url: new URL(rpc.path, request.url).href,
    header,
    body: orElse(
      request.body,
      isGrpcWebText(type) ? encodeBase64(message) : message,
    ),
  });
}

async function* orElse(
  body: AsyncIterable<Uint8Array>,
  substitute: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let empty = true;
  for await (const chunk of body) {
    if (chunk.byteLength > 0) {
      empty = false;
    }
    yield chunk;
  }
  if (empty) {
    yield substitute;
  }
}
