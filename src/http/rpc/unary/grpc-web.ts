import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import {
  compressedFlag,
  createAsyncIterable,
} from "@connectrpc/connect/protocol";
import {
  contentTypeJson,
  contentTypeProto,
  grpcStatusOk,
  headerContentType,
  headerGrpcStatus,
  trailerFlag,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import { toConnectError } from "../../../transcoding/index.ts";
import { setGrpcStatus } from "../../response/grpc-message.ts";
import {
  decodeBase64Body,
  encodeBase64,
  textTypeOf,
} from "../../request/grpc-web-text.ts";
import {
  checkAnnounced,
  envelope,
  envelopeHeaderBytes,
  messageTooLarge,
} from "./envelope.ts";
import type { UnaryForm } from "./form.ts";
import { compressedEnvelope, framedRequests } from "./grpc.ts";
import type { UnarySpec } from "./invoke.ts";
import type { MessageCodec } from "../message-codec.ts";

/** Whether the request, and whether the response, is text: the bytes of the binary form in base64. */
export interface TextForm {
  readonly textIn: boolean;
  readonly textOut: boolean;
}

/** The trailers of every successful call: gRPC-Web sends them in the body. */
const okTrailer = envelope(
  trailerFlag,
  trailerSerialize(new Headers({ [headerGrpcStatus]: grpcStatusOk })),
);

/** gRPC-Web, over both versions of HTTP. */
export function grpcWebForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  codec: MessageCodec,
  moreHeader: readonly string[],
  { textIn, textOut }: TextForm,
): UnaryForm {
  const binaryType = codec.binary ? contentTypeProto : contentTypeJson;
  const type = textOut ? textTypeOf(binaryType) : binaryType;
  const encode = textOut ? encodeBase64 : asItIs;
  const trailer = encode(okTrailer);
  const requests = framedRequests(options, codec);
  return {
    ...requests,
    ...(textIn && textRequests(requests, options.readMaxBytes)),
    spec,
    protocol: "grpc-web",
    header: { [headerContentType]: type },
    trailer: { [headerGrpcStatus]: grpcStatusOk },
    constantHeader: ["content-type", type, ...moreHeader],
    hasLength: true,
    frame: (message, compressed) =>
      Buffer.concat([
        encode(envelope(compressed ? compressedFlag : 0, message)),
        trailer,
      ]),
    respond: async (context, message, compression) => ({
      status: 200,
      body: createAsyncIterable([
        encode(await compressedEnvelope(context, message, compression)),
        encode(
          envelope(trailerFlag, trailerSerialize(context.responseTrailer)),
        ),
      ]),
      header: context.responseHeader,
    }),
    failure: (context, reason) => {
      setGrpcStatus(context.responseTrailer, toConnectError(reason));
      return {
        status: 200,
        header: context.responseHeader,
        body: createAsyncIterable([
          encode(
            envelope(trailerFlag, trailerSerialize(context.responseTrailer)),
          ),
        ]),
      };
    },
  };
}

function asItIs(bytes: Uint8Array): Uint8Array {
  return bytes;
}

/** Characters of base64 that hold the flags and the length of a message. */
const startCharacters = 8;

function textRequests(
  binary: Pick<UnaryForm, "open">,
  readMaxBytes: number,
): Pick<UnaryForm, "body" | "open"> {
  return {
    body: {
      // A third more in base64; the rest is for line breaks.
      maxBytes: Math.ceil((readMaxBytes + envelopeHeaderBytes) * 1.5),
      tooLong: () => messageTooLarge(readMaxBytes),
      start: {
        bytes: startCharacters,
        check: (start) => {
          const text = Buffer.from(start.subarray(0, startCharacters));
          checkAnnounced(
            Buffer.from(text.toString("latin1"), "base64"),
            readMaxBytes,
          );
        },
      },
    },
    open: (body, request, compression) =>
      binary.open(decodeBase64Body(body), request, compression),
  };
}
