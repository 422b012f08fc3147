import type { Message } from "@bufbuild/protobuf";
import type {
  Compression,
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import {
  createAsyncIterable,
  mergeNonProtocolHeaders,
} from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJsonBytes,
  headerContentType,
  headerUnaryContentLength,
  headerUnaryEncoding,
  parseTimeout,
  trailerMux,
} from "@connectrpc/connect/protocol-connect";
import { clampTimeoutHeader, connectTimeoutHeader } from "../deadline.ts";
import { callersFault } from "../mapped-errors.ts";
import type { UnaryContext } from "./context.ts";
import type { UnaryForm } from "./form.ts";
import { toConnectError } from "./grpc.ts";
import type { UnarySpec } from "./invoke.ts";
import { createMessageCodec } from "./message-codec.ts";
import type { MessageCodec } from "./message-codec.ts";
import { rawHeader } from "./raw-headers.ts";

/** Unary calls of the Connect protocol by POST. */
export function connectForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  binary: boolean,
  moreHeader: readonly string[],
): UnaryForm {
  const codec = createMessageCodec(spec, options, binary);
  const type = binary ? contentTypeUnaryProto : contentTypeUnaryJson;
  return {
    spec,
    protocol: "connect",
    maxBytes: options.readMaxBytes,
    header: { [headerContentType]: type },
    trailer: {},
    plainHeader: ["content-type", type, ...moreHeader],
    hasLength: true,
    acceptEncodingHeader: "accept-encoding",
    timeout: (rawHeaders) => {
      const value = rawHeader(rawHeaders, connectTimeoutHeader);
      return value === undefined
        ? undefined
        : parseTimeout(
            clampTimeoutHeader(connectTimeoutHeader, value),
            options.maxTimeoutMs,
          );
    },
    read: (body) => parseRequest(codec, body),
    write: codec.write,
    frame: (message) => message,
    answer: (context, message, compression) =>
      complete(200, context, message, compression),
    failure: (context, reason, compression) => {
      const error = toConnectError(reason);
      const header = context.responseHeader;
      header.set(headerContentType, contentTypeUnaryJson);
      // What came from another server says nothing about this answer.
      if (!error.isWireError) mergeNonProtocolHeaders(header, error.metadata);
      const body = errorToJsonBytes(error, options.jsonOptions);
      return complete(
        codeToHttpStatus(error.code),
        context,
        body,
        body.byteLength >= options.compressMinBytes ? compression : undefined,
      );
    },
  };
}

function parseRequest(codec: MessageCodec, body: Uint8Array): Message {
  try {
    return codec.read(body);
  } catch (reason) {
    throw callersFault(reason);
  }
}

async function complete(
  status: number,
  context: UnaryContext,
  bytes: Uint8Array,
  compression: Compression | undefined,
): Promise<UniversalServerResponse> {
  const body =
    compression === undefined ? bytes : await compression.compress(bytes);
  if (compression !== undefined)
    context.responseHeader.set(headerUnaryEncoding, compression.name);
  const header = trailerMux(context.responseHeader, context.responseTrailer);
  header.set(headerUnaryContentLength, String(body.byteLength));
  return { status, header, body: createAsyncIterable([body]) };
}
