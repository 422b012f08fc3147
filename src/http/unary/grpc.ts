import { Code, ConnectError } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import {
  contentTypeJson,
  contentTypeProto,
  headerContentType,
  headerEncoding,
  headerGrpcStatus,
  grpcStatusOk,
  parseTimeout,
  setTrailerStatus,
} from "@connectrpc/connect/protocol-grpc";
import { cutError } from "../cut-errors.ts";
import { clampTimeoutHeader, grpcTimeoutHeader } from "../deadline.ts";
import {
  announcesMoreThan,
  envelope,
  envelopeHeaderBytes,
  openEnvelope,
} from "./envelope.ts";
import type { CallTimeout, UnaryForm } from "./form.ts";
import type { UnarySpec } from "./invoke.ts";
import { createMessageCodec } from "./message-codec.ts";
import { rawHeader } from "./raw-headers.ts";

/** gRPC over HTTP/2. */
export function grpcForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  binary: boolean,
  moreHeader: readonly string[],
): UnaryForm {
  const codec = createMessageCodec(spec, options, binary);
  const type = binary ? contentTypeProto : contentTypeJson;
  return {
    spec,
    protocol: "grpc",
    maxBytes: options.readMaxBytes + envelopeHeaderBytes,
    announcesTooMuch: (start) => announcesMoreThan(options.readMaxBytes, start),
    header: { [headerContentType]: type },
    trailer: { [headerGrpcStatus]: grpcStatusOk },
    plainHeader: ["content-type", type, ...moreHeader],
    hasLength: false,
    acceptEncodingHeader: "grpc-accept-encoding",
    timeout: (rawHeaders) => grpcTimeout(rawHeaders, options.maxTimeoutMs),
    read: (body) => {
      const message = openEnvelope(body);
      return message === undefined ? undefined : codec.read(message);
    },
    write: codec.write,
    frame: (message) => envelope(0, message),
    answer: async (context, message, compression) => {
      if (compression !== undefined)
        context.responseHeader.set(headerEncoding, compression.name);
      return {
        status: 200,
        header: context.responseHeader,
        trailer: context.responseTrailer,
        body: createAsyncIterable([
          compression === undefined
            ? envelope(0, message)
            : envelope(1, await compression.compress(message)),
        ]),
      };
    },
    failure: (context, reason) => {
      setTrailerStatus(context.responseTrailer, toConnectError(reason));
      return {
        status: 200,
        header: context.responseHeader,
        trailer: context.responseTrailer,
        body: createAsyncIterable([]),
      };
    },
  };
}

/** The timeout of gRPC and gRPC-Web. */
export function grpcTimeout(
  rawHeaders: readonly string[],
  maxTimeoutMs: number,
): CallTimeout | undefined {
  const value = rawHeader(rawHeaders, grpcTimeoutHeader);
  return value === undefined
    ? undefined
    : parseTimeout(clampTimeoutHeader(grpcTimeoutHeader, value), maxTimeoutMs);
}

/** What a caller may know of anything thrown. */
export function toConnectError(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) return cutError(reason);
  return new ConnectError(
    "internal error",
    Code.Internal,
    undefined,
    undefined,
    reason,
  );
}
