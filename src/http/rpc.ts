import type { DescMethod } from "@bufbuild/protobuf";
import type { ServiceImplSpec } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { createUniversalMethodHandler } from "@connectrpc/connect/protocol";
import { createHandlerFactory as connectHandlers } from "@connectrpc/connect/protocol-connect";
import { createHandlerFactory as grpcHandlers } from "@connectrpc/connect/protocol-grpc";
import { createHandlerFactory as grpcWebHandlers } from "@connectrpc/connect/protocol-grpc-web";
import { streamOpening } from "../transcoding/index.ts";
import { withoutCharset } from "./charset.ts";
import { connectOptions } from "./connect-options.ts";
import {
  asGrpcWebText,
  binaryTypeOf,
  decodeBase64,
  isGrpcWebText,
  wantsGrpcWebText,
} from "./grpc-web-text.ts";
import type { HttpRequest } from "./http-request.ts";

/** A method of a mounted service: all that a call needs to know, put together at start. */
export interface Rpc {
  readonly method: DescMethod;
  readonly handler: UniversalHandler;
  /** `package.Service/Method`, for the log. */
  readonly name: string;
  /** The HTTP methods that it has. */
  readonly httpMethods: readonly string[];
  /** Names of the compressions that its messages may have. */
  readonly compressions: readonly string[];
  readonly clientStreams: boolean;
}

/** Mounts services for gRPC, gRPC-Web and Connect; keys are request paths. */
export function createRpcs(
  services: readonly ServiceImplSpec[],
  options: Partial<UniversalHandlerOptions>,
): Map<string, Rpc> {
  const protocols = [
    grpcHandlers(options),
    grpcWebHandlers(options),
    connectHandlers(connectOptions(options)),
  ];
  const compressions = (options.acceptCompression ?? []).map(
    ({ name }) => name,
  );
  const rpcs = new Map<string, Rpc>();
  for (const { service, methods } of services) {
    for (const spec of Object.values(methods)) {
      const handler = createUniversalMethodHandler(spec, protocols);
      rpcs.set(handler.requestPath, {
        method: spec.method,
        handler,
        name: `${service.typeName}/${spec.method.name}`,
        httpMethods: httpMethodsOf(spec.method, handler),
        compressions,
        clientStreams:
          spec.kind === "client_streaming" || spec.kind === "bidi_streaming",
      });
    }
  }
  return rpcs;
}

/** Connect also lists GET for streams without side effects, and serves it for unary methods only. */
function httpMethodsOf(
  { methodKind }: DescMethod,
  { allowedMethods }: UniversalHandler,
): readonly string[] {
  return methodKind === "unary"
    ? allowedMethods
    : allowedMethods.filter((name) => name !== "GET");
}

/** Calls a method; the text form of gRPC-Web, which Connect does not know, is translated into the binary one and back. */
export async function callRpc(
  rpc: Rpc,
  request: HttpRequest,
): Promise<UniversalServerResponse> {
  const type = withoutCharset(request.header.get("content-type") ?? "");
  if (type !== "") request.header.set("content-type", type);
  if (!type.toLowerCase().startsWith("application/grpc-web"))
    return withCompressions(rpc, request, await callHandler(rpc, request));
  const textIn = isGrpcWebText(type);
  const textOut = wantsGrpcWebText(type, request.header.get("accept") ?? "");
  if (textIn) request.header.set("content-type", binaryTypeOf(type));
  const response = withCompressions(
    rpc,
    request,
    await callHandler(
      rpc,
      textIn ? { ...request, body: decodeBase64(request.body) } : request,
    ),
  );
  return textOut ? asGrpcWebText(response) : response;
}

/** gRPC wants to hear which compressions there are, where that of its request is none of them. Connect's handlers do not say it. */
function withCompressions(
  { compressions }: Rpc,
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
  )
    response.header.set("grpc-accept-encoding", compressions.join(","));
  return response;
}

/** Calls a method. The header of a stream does not wait for its first message, where the method opens it before. */
async function callHandler(
  { handler, method }: Rpc,
  request: HttpRequest,
): Promise<UniversalServerResponse> {
  if (method.methodKind !== "server_streaming") return handler(request);
  const opening = streamOpening(request.contextValues);
  const answer = handler(request);
  const opened = await Promise.race([opening, answer.then(() => undefined)]);
  if (opened === undefined) return answer;
  return {
    status: 200,
    header: opened.responseHeader,
    body: bodyOf(answer),
    // The other protocols have theirs in the body.
    ...(opened.protocolName === "grpc" && { trailer: opened.responseTrailer }),
  };
}

async function* bodyOf(
  answer: Promise<UniversalServerResponse>,
): AsyncGenerator<Uint8Array> {
  // The header leaves with the first piece, though it be empty.
  yield new Uint8Array(0);
  const { body } = await answer;
  if (body !== undefined) yield* body;
}
