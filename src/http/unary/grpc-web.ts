import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import {
  contentTypeJson,
  contentTypeProto,
  headerContentType,
  headerEncoding,
  headerGrpcStatus,
  grpcStatusOk,
  setTrailerStatus,
  trailerFlag,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import {
  announcesMoreThan,
  envelope,
  envelopeHeaderBytes,
  openEnvelope,
} from "./envelope.ts";
import type { UnaryForm } from "./form.ts";
import { grpcTimeout, toConnectError } from "./grpc.ts";
import type { UnarySpec } from "./invoke.ts";
import { createMessageCodec } from "./message-codec.ts";

/** The trailers of every call that goes well, as gRPC-Web has them: in the body. */
const plainTrailer = envelope(
  trailerFlag,
  trailerSerialize(new Headers({ [headerGrpcStatus]: grpcStatusOk })),
);

/** gRPC-Web in its binary form, over both versions of HTTP. */
export function grpcWebForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  binary: boolean,
  moreHeader: readonly string[],
): UnaryForm {
  const codec = createMessageCodec(spec, options, binary);
  const type = binary ? contentTypeProto : contentTypeJson;
  return {
    spec,
    protocol: "grpc-web",
    maxBytes: options.readMaxBytes + envelopeHeaderBytes,
    announcesTooMuch: (start) => announcesMoreThan(options.readMaxBytes, start),
    header: { [headerContentType]: type },
    trailer: { [headerGrpcStatus]: grpcStatusOk },
    plainHeader: ["content-type", type, ...moreHeader],
    hasLength: true,
    acceptEncodingHeader: "grpc-accept-encoding",
    timeout: (rawHeaders) => grpcTimeout(rawHeaders, options.maxTimeoutMs),
    read: (body) => {
      const message = openEnvelope(body);
      return message === undefined ? undefined : codec.read(message);
    },
    write: codec.write,
    frame: (message) => Buffer.concat([envelope(0, message), plainTrailer]),
    answer: async (context, message, compression) => {
      if (compression !== undefined)
        context.responseHeader.set(headerEncoding, compression.name);
      return {
        status: 200,
        header: context.responseHeader,
        body: createAsyncIterable([
          compression === undefined
            ? envelope(0, message)
            : envelope(1, await compression.compress(message)),
          envelope(trailerFlag, trailerSerialize(context.responseTrailer)),
        ]),
      };
    },
    failure: (context, reason) => {
      setTrailerStatus(context.responseTrailer, toConnectError(reason));
      return {
        status: 200,
        header: context.responseHeader,
        body: createAsyncIterable([
          envelope(trailerFlag, trailerSerialize(context.responseTrailer)),
        ]),
      };
    },
  };
}
