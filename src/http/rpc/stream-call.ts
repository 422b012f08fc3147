import type { DescMethod } from "@bufbuild/protobuf";
import type {
  UniversalHandler,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { streamOpening } from "../../transcoding/index.ts";
import {
  asGrpcWebText,
  binaryTypeOf,
  decodeBase64,
  isGrpcWebText,
  wantsGrpcWebText,
} from "../request/grpc-web-text.ts";
import {
  unescapeBlanks,
  unescapeBlanksOfFrame,
} from "../response/grpc-message.ts";
import type { HttpRequest } from "./http-request.ts";
import { rpcMediaType } from "../request/media-type.ts";

/** A method that streams, and its handler. */
export interface StreamRpc {
  readonly method: DescMethod;
  readonly streams: UniversalHandler;
  /** Names of the compressions that its messages may have. */
  readonly compressions: readonly string[];
}

/** Calls a method; the text form of gRPC-Web, which Connect does not know, is translated into the binary one and back. */
export async function callStream(
  rpc: StreamRpc,
  request: HttpRequest,
): Promise<UniversalServerResponse> {
  const type = rpcMediaType(request.header.get("content-type") ?? "");
  if (type !== "") {
    request.header.set("content-type", type);
  }
  if (!type.startsWith("application/grpc-web")) {
    return withUnescapedBlanks(
      withCompressions(rpc, request, await callHandler(rpc, request)),
    );
  }
  const textIn = isGrpcWebText(type);
  const textOut = wantsGrpcWebText(type, request.header.get("accept") ?? "");
  if (textIn) {
    request.header.set("content-type", binaryTypeOf(type));
  }
  const response = withCompressions(
    rpc,
    request,
    await callHandler(
      rpc,
      textIn ? { ...request, body: decodeBase64(request.body) } : request,
    ),
  );
  const { body } = response;
  const readable =
    body === undefined
      ? response
      : { ...response, body: mapPieces(body, unescapeBlanksOfFrame) };
  return textOut ? asGrpcWebText(readable) : readable;
}

/** Escapes the message of an error in the trailers as unary calls do. */
function withUnescapedBlanks(
  response: UniversalServerResponse,
): UniversalServerResponse {
  const { body, trailer } = response;
  if (body === undefined || trailer === undefined) {
    return response;
  }
  return { ...response, body: thenUnescape(body, trailer) };
}

async function* thenUnescape(
  body: AsyncIterable<Uint8Array>,
  trailer: Headers,
): AsyncGenerator<Uint8Array> {
  yield* body;
  unescapeBlanks(trailer);
}

/** Each piece of a body that Connect's handlers make is one frame. */
async function* mapPieces(
  body: AsyncIterable<Uint8Array>,
  change: (piece: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    yield change(piece);
  }
}

/** gRPC wants to hear which compressions there are, where that of its request is none of them. Connect's handlers do not say it. */
function withCompressions(
  { compressions }: StreamRpc,
  { header }: HttpRequest,
  response: UniversalServerResponse,
): UniversalServerResponse {
  const used = header.get("grpc-encoding");
  if (
    used !== null &&
    used !== "identity" &&
    !compressions.includes(used) &&
    response.header?.get("content-type")?.startsWith("application/grpc") ===
      true
  ) {
    response.header.set("grpc-accept-encoding", compressions.join(","));
  }
  return response;
}

/** Calls a method. The header of a stream does not wait for its first message, where the method opens it before. */
async function callHandler(
  { streams, method }: StreamRpc,
  request: HttpRequest,
): Promise<UniversalServerResponse> {
  if (method.methodKind !== "server_streaming") {
    return streams(request);
  }
  const opening = streamOpening(request.contextValues);
  const response = streams(request);
  const opened = await Promise.race([opening, response.then(() => undefined)]);
  if (opened === undefined) {
    return response;
  }
  return {
    status: 200,
    header: opened.responseHeader,
    body: bodyOf(response),
    // The other protocols have theirs in the body.
    ...(opened.protocolName === "grpc" && { trailer: opened.responseTrailer }),
  };
}

async function* bodyOf(
  response: Promise<UniversalServerResponse>,
): AsyncGenerator<Uint8Array> {
  // An empty first piece has the header sent at once.
  yield new Uint8Array(0);
  const { body } = await response;
  if (body !== undefined) {
    yield* body;
  }
}
