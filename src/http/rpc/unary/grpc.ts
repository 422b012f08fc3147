import { compressedFlag } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import {
  contentTypeJson,
  contentTypeProto,
  grpcStatusOk,
  headerAcceptEncoding,
  headerContentType,
  headerEncoding,
  headerGrpcStatus,
  parseTimeout,
} from "@connectrpc/connect/protocol-grpc";
import { toConnectError } from "../../../transcoding/index.ts";
import { clampTimeoutHeader, grpcTimeoutHeader } from "../deadline.ts";
import { setGrpcStatus } from "../../response/grpc-message.ts";
import type { FairCompression } from "../compressions.ts";
import type { UnaryContext } from "./context.ts";
import {
  checkAnnounced,
  envelope,
  envelopeHeaderBytes,
  messageTooLarge,
  openEnvelope,
} from "./envelope.ts";
import type { CallTimeout, UnaryForm } from "./form.ts";
import type { UnarySpec } from "./invoke.ts";
import type { MessageCodec } from "../message-codec.ts";
import { rawHeader } from "./request-headers.ts";
import { createRpcCompression } from "./rpc-compression.ts";

/** gRPC: over HTTP/2, and with trailers over HTTP/1.1, too. */
export function grpcForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  codec: MessageCodec,
  moreHeader: readonly string[],
): UnaryForm {
  const type = codec.binary ? contentTypeProto : contentTypeJson;
  return {
    ...framedRequests(options, codec),
    spec,
    protocol: "grpc",
    header: { [headerContentType]: type },
    trailer: { [headerGrpcStatus]: grpcStatusOk },
    constantHeader: ["content-type", type, ...moreHeader],
    hasLength: false,
    frame: (message, compressed) =>
      envelope(compressed ? compressedFlag : 0, message),
    respond: async (context, message, compression) => ({
      status: 200,
      header: context.responseHeader,
      trailer: context.responseTrailer,
      body: createAsyncIterable([
        await compressedEnvelope(context, message, compression),
      ]),
    }),
    failure: (context, reason) => {
      setGrpcStatus(context.responseTrailer, toConnectError(reason));
      return {
        status: 200,
        header: context.responseHeader,
        trailer: context.responseTrailer,
        body: createAsyncIterable([]),
      };
    },
  };
}

/** What gRPC and gRPC-Web have in common: how requests are read, and how compressions are agreed upon. */
export function framedRequests(
  options: UniversalHandlerOptions,
  codec: MessageCodec,
): Pick<
  UnaryForm,
  | "body"
  | "encodingHeader"
  | "timeout"
  | "admit"
  | "open"
  | "read"
  | "write"
  | "compression"
> {
  const { acceptCompression, readMaxBytes } = options;
  const compression = createRpcCompression(options, grpcAcceptEncoding);
  const acceptable = acceptCompression.map(({ name }) => name).join(",");
  return {
    body: {
      maxBytes: readMaxBytes + envelopeHeaderBytes,
      tooLong: () => messageTooLarge(readMaxBytes),
      start: {
        bytes: envelopeHeaderBytes,
        check: (start) => {
          checkAnnounced(start, readMaxBytes);
        },
      },
    },
    encodingHeader: grpcEncoding,
    timeout: (rawHeaders) => grpcTimeout(rawHeaders, options.maxTimeoutMs),
    admit({ head }, context) {
      try {
        return compression.ofRequest(head.grpcEncoding);
      } catch (reason) {
        // gRPC wants to hear which compressions there are.
        context.responseHeader.set(headerAcceptEncoding, acceptable);
        throw reason;
      }
    },
    open: (body, { byTemplate }, packed) =>
      byTemplate && body.byteLength === 0
        ? codec.empty
        : openEnvelope(body, readMaxBytes, packed),
    read: codec.read,
    write: codec.write,
    compression: (request, byteLength, requested) =>
      compression.ofResponse(request, byteLength, requested),
  };
}

const grpcEncoding = headerEncoding.toLowerCase();
const grpcAcceptEncoding = headerAcceptEncoding.toLowerCase();

/** The message of a response in its envelope, compressed where a compression is given, which the header then says. */
export async function compressedEnvelope(
  context: UnaryContext,
  message: Uint8Array,
  compression: FairCompression | undefined,
): Promise<Uint8Array> {
  if (compression === undefined) {
    return envelope(0, message);
  }
  context.responseHeader.set(headerEncoding, compression.name);
  return envelope(compressedFlag, await compression.compress(message, context));
}

/** The timeout of gRPC and gRPC-Web. */
function grpcTimeout(
  rawHeaders: readonly string[],
  maxTimeoutMs: number,
): CallTimeout | undefined {
  const value = rawHeader(rawHeaders, grpcTimeoutHeader);
  return value === undefined
    ? undefined
    : parseTimeout(clampTimeoutHeader(grpcTimeoutHeader, value), maxTimeoutMs);
}
