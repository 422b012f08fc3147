import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { MethodImplSpec, ServiceImplSpec } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import {
  createMethodUrl,
  createUniversalMethodHandler,
} from "@connectrpc/connect/protocol";
import { createHandlerFactory as connectHandlers } from "@connectrpc/connect/protocol-connect";
import { createHandlerFactory as grpcHandlers } from "@connectrpc/connect/protocol-grpc";
import { createHandlerFactory as grpcWebHandlers } from "@connectrpc/connect/protocol-grpc-web";
import type { AdmitStream } from "./anonymous-streams.ts";
import { strictJsonOptions } from "./strict-json.ts";

/** A method of a mounted service: all that a call needs to know, put together at start. */
export interface Rpc {
  readonly method: DescMethod;
  /** Serves a stream by gRPC, gRPC-Web and Connect; undefined for a unary method. */
  readonly streams: UniversalHandler | undefined;
  /** `package.Service/Method`, for the log. */
  readonly name: string;
  readonly path: string;
  /** The HTTP methods that it has. */
  readonly httpMethods: readonly string[];
  /** Names of the compressions that its messages may have. */
  readonly compressions: readonly string[];
  readonly clientStreams: boolean;
  /** Asked before a stream is served; undefined where the gate does it. */
  readonly admit: AdmitStream | undefined;
}

/**
 * Mounts services for gRPC, gRPC-Web and Connect; keys are request paths.
 *
 * @param admit for streams of services that have no gate
 */
export function createRpcs(
  services: readonly ServiceImplSpec[],
  options: Partial<UniversalHandlerOptions>,
  admit?: AdmitStream,
): Map<string, Rpc> {
  const compressions = (options.acceptCompression ?? []).map(
    ({ name }) => name,
  );
  const rpcs = new Map<string, Rpc>();
  for (const { service, methods } of services) {
    for (const spec of Object.values(methods)) {
      const path = createMethodUrl("/", spec.method);
      rpcs.set(path, {
        method: spec.method,
        streams:
          spec.kind === "unary" ? undefined : streamHandler(spec, options),
        name: `${service.typeName}/${spec.method.name}`,
        path,
        httpMethods: httpMethodsOf(spec.method),
        compressions,
        clientStreams:
          spec.kind === "client_streaming" || spec.kind === "bidi_streaming",
        admit,
      });
    }
  }
  return rpcs;
}

/** Connect's own handlers, with our reader of JSON. */
function streamHandler(
  spec: MethodImplSpec,
  options: Partial<UniversalHandlerOptions>,
): UniversalHandler {
  const strict = {
    ...options,
    jsonOptions: strictJsonOptions(spec.method.input, options),
  };
  return createUniversalMethodHandler(spec, [
    grpcHandlers(strict),
    grpcWebHandlers(strict),
    connectHandlers(strict),
  ]);
}

/** Connect serves unary methods without side effects by GET, too. */
function httpMethodsOf({
  methodKind,
  idempotency,
}: DescMethod): readonly string[] {
  return methodKind === "unary" &&
    idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS
    ? ["POST", "GET"]
    : ["POST"];
}
