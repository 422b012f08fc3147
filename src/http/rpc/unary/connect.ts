import { Code, ConnectError } from "@connectrpc/connect";
import type {
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
  headerUnaryAcceptEncoding,
  headerUnaryContentLength,
  headerUnaryEncoding,
  parseTimeout,
  trailerMux,
} from "@connectrpc/connect/protocol-connect";
import { toConnectError } from "../../../transcoding/index.ts";
import { clampTimeoutHeader, connectTimeoutHeader } from "../deadline.ts";
import { callersFault } from "../mapped-errors.ts";
import type { FairCompression } from "../compressions.ts";
import type { UnaryContext } from "./context.ts";
import { messageTooLarge } from "./envelope.ts";
import { CompressedMessage } from "./form.ts";
import type { UnaryForm } from "./form.ts";
import type { UnarySpec } from "./invoke.ts";
import type { MessageCodec } from "../message-codec.ts";
import { rawHeader } from "./request-headers.ts";
import { createRpcCompression } from "./rpc-compression.ts";

const contentEncoding = headerUnaryEncoding.toLowerCase();
const acceptEncoding = headerUnaryAcceptEncoding.toLowerCase();

/** Unary calls of the Connect protocol by POST. */
export function connectForm(
  spec: UnarySpec,
  options: UniversalHandlerOptions,
  codec: MessageCodec,
  moreHeader: readonly string[],
): UnaryForm {
  const type = codec.binary ? contentTypeUnaryProto : contentTypeUnaryJson;
  const { readMaxBytes } = options;
  const compression = createRpcCompression(options, acceptEncoding);
  return {
    spec,
    protocol: "connect",
    body: {
      maxBytes: readMaxBytes,
      tooLong: () => messageTooLarge(readMaxBytes),
    },
    header: { [headerContentType]: type },
    trailer: {},
    constantHeader: ["content-type", type, ...moreHeader],
    hasLength: true,
    encodingHeader: contentEncoding,
    timeout: (rawHeaders) => {
      const value = rawHeader(rawHeaders, connectTimeoutHeader);
      return value === undefined
        ? undefined
        : parseTimeout(
            clampTimeoutHeader(connectTimeoutHeader, value),
            options.maxTimeoutMs,
          );
    },
    admit({ head }) {
      if (options.requireConnectProtocolHeader && !head.saysConnect) {
        throw new ConnectError(
          "the header Connect-Protocol-Version is missing",
          Code.InvalidArgument,
        );
      }
      return compression.ofRequest(head.contentEncoding);
    },
    open: (body, _request, packed) =>
      packed === undefined ? body : new CompressedMessage(packed, body),
    read(message) {
      try {
        return codec.read(message);
      } catch (reason) {
        throw callersFault(reason);
      }
    },
    write: codec.write,
    compression: (request, byteLength, requested) =>
      compression.ofResponse(request, byteLength, requested),
    frame: (message) => message,
    respond: (context, message, packed) =>
      complete(200, context, message, packed),
    failure: (context, reason, compress) => {
      const error = toConnectError(reason);
      const header = context.responseHeader;
      header.set(headerContentType, contentTypeUnaryJson);
      // What came from another server says nothing about this response.
      if (!error.isWireError) {
        mergeNonProtocolHeaders(header, error.metadata);
      }
      const body = errorToJsonBytes(error, options.jsonOptions);
      return complete(
        codeToHttpStatus(error.code),
        context,
        body,
        compress(body.byteLength),
      );
    },
  };
}

async function complete(
  status: number,
  context: UnaryContext,
  bytes: Uint8Array,
  compression: FairCompression | undefined,
): Promise<UniversalServerResponse> {
  const body =
    compression === undefined
      ? bytes
      : await compression.compress(bytes, context);
  if (compression !== undefined) {
    context.responseHeader.set(headerUnaryEncoding, compression.name);
  }
  const header = trailerMux(context.responseHeader, context.responseTrailer);
  header.set(headerUnaryContentLength, String(body.byteLength));
  return { status, header, body: createAsyncIterable([body]) };
}
