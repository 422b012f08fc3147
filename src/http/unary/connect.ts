import { Code, ConnectError } from "@connectrpc/connect";
import { create } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import type {
  Compression,
  Serialization,
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import {
  createAsyncIterable,
  createMethodSerializationLookup,
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
import type { UnaryContext } from "./context.ts";
import type { UnaryForm } from "./form.ts";
import { toConnectError } from "./grpc.ts";
import type { UnarySpec } from "./invoke.ts";
import { rawHeader } from "./raw-headers.ts";

/** Unary calls of the Connect protocol by POST. */
export function connectForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  binary: boolean,
  moreHeader: readonly string[],
): UnaryForm {
  const { method } = spec;
  const codec = createMethodSerializationLookup(
    method,
    options.binaryOptions,
    options.jsonOptions,
    options,
  );
  const input = codec.getI(binary);
  const output = codec.getO(binary);
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
    read: (body) =>
      !binary && isEmptyObject(body)
        ? create(method.input)
        : parseRequest(input, body),
    write: (message) => output.serialize(message),
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

/** `{}`, which is all that a call without fields sends: no need to parse it. */
function isEmptyObject(body: Uint8Array): boolean {
  return body.byteLength === 2 && body[0] === 0x7b && body[1] === 0x7d;
}

/** Bytes that are no protobuf are the caller's fault, for which Connect's library blames the server. */
function parseRequest(
  input: Serialization<Message>,
  body: Uint8Array,
): Message {
  try {
    return input.parse(body);
  } catch (reason) {
    throw reason instanceof ConnectError && reason.code === Code.Internal
      ? new ConnectError(reason.rawMessage, Code.InvalidArgument)
      : reason;
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
