import type { MethodImplSpec } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { Responses } from "./response.ts";
import type { CallHandler, CallParts } from "./call.ts";
import { createClientStreamHandler } from "./client-stream.ts";
import type { TranscodingBehaviour } from "../options.ts";
import { createRequestReader } from "../message/request.ts";
import { createResponseWriter } from "../message/response.ts";
import type { Binding } from "../template/rule.ts";
import { createServerStreamHandler } from "./server-stream.ts";
import { systemParametersOf } from "../message/system-parameters.ts";

/** A method that JSON over HTTP can serve: any but a bidi stream. */
export type TranscodableSpec = Exclude<
  MethodImplSpec,
  { kind: "bidi_streaming" }
>;

/** Prepares what the calls of one binding share: all that can be done before the first request. */
export function createCallParts(
  spec: TranscodableSpec,
  binding: Binding,
  options: UniversalHandlerOptions,
  behaviour: TranscodingBehaviour,
  responses: Responses,
): CallParts {
  const systemParameters = systemParametersOf(
    binding.method.input,
    spec.kind === "server_streaming" ? (behaviour.systemParameters ?? {}) : {},
  );
  const ignoreUnknownFields =
    behaviour.ignoreUnknownFields ??
    options.jsonOptions?.ignoreUnknownFields ??
    false;
  const reader = createRequestReader(binding, {
    ignoreUnknownFields,
    ignoreUnknownEnumNames:
      ignoreUnknownFields && behaviour.refuseUnknownEnumNames !== true,
    ignoreUnknownQueryParameters:
      behaviour.ignoreUnknownQueryParameters ?? false,
    multiSegmentDecoding: behaviour.multiSegmentDecoding ?? "keep-slash",
    patchMasks: behaviour.patchMasks ?? true,
    maxQueryParameters: behaviour.maxQueryParameters ?? 256,
    maxQueryDepth: behaviour.maxQueryDepth ?? 16,
    maxJsonDepth: behaviour.maxJsonDepth ?? 100,
    systemParameters,
    registry: behaviour.registry ?? options.jsonOptions?.registry,
  });
  return {
    binding,
    options,
    responses,
    reader,
    writer: createResponseWriter(binding, responses.json),
    contentTypeRule: {
      form: reader.bodyForm,
      stream: spec.kind === "client_streaming",
      any: behaviour.anyContentType ?? false,
      httpMethod: binding.httpMethod,
    },
    systemParameters,
    successStatus: behaviour.successStatus?.(binding.method) ?? 200,
    eventId: behaviour.eventId,
  };
}

/** Makes the handler of one binding of a stream. */
export function createCallHandler(
  spec: Exclude<TranscodableSpec, { kind: "unary" }>,
  parts: CallParts,
): CallHandler {
  switch (spec.kind) {
    case "client_streaming":
      return createClientStreamHandler(spec, parts);
    case "server_streaming":
      return createServerStreamHandler(spec, parts);
  }
}
