import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import type {
  Compression,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { NegotiatedRequest } from "./response.ts";
import {
  bodyCompression,
  bodyLimit,
  type CallParts,
  checkHeader,
  type Found,
  responseHeader,
  unaryOffers,
} from "./call.ts";
import { responseCompression } from "../headers/encoding.ts";
import type { Fault } from "../fault.ts";
import { jsonType, type ResponseBytes } from "../message/response.ts";
import {
  type HeaderField,
  parseTimeout,
  type Timeout,
} from "../headers/timeout.ts";

/**
 * All that a host needs to call a unary method by one of its templates. The host asks the gate, keeps the deadline, reads the body
 * and runs the method; what is thrown here, by the gate or by the method, {@link UnaryRoute.fail} turns into a response.
 */
export interface UnaryRoute {
  readonly spec: MethodImplSpec & { kind: "unary" };
  /** The status of a response that is no error. */
  readonly successStatus: number;
  /** Bytes that a body may have before it is decompressed; 0 where the rule has no body. */
  readonly maxBodyBytes: number;
  /** The fault of a longer body. */
  readonly bodyTooLong: () => Fault;
  /** The media type of every response; with an HttpBody each message says its own. */
  readonly contentType: string | undefined;
  /** What the request's headers say of its deadline. */
  timeout(field: HeaderField): Timeout;
  /**
   * Checks Content-Type, Accept and Content-Encoding, once the gate has consented.
   *
   * @returns the compression of the body; its `decompress` throws Fault.
   * @throws Fault 406, 415
   */
  admit(field: HeaderField): Compression | undefined;
  /**
   * Makes the message of a request.
   *
   * @param body decompressed; empty where there is none.
   * @throws Fault 400
   */
  read(match: Found, contentType: string, body: Uint8Array): Message;
  /**
   * Writes a message; a long one in slices, between which others have their turn.
   *
   * @throws ConnectError, or rejects with it, for a message that has no JSON
   */
  write(message: Message): ResponseBytes | Promise<ResponseBytes>;
  /** How a response of so many bytes is compressed, by Accept-Encoding. */
  compression(
    acceptEncoding: string | null,
    byteLength: number,
  ): Compression | undefined;
  /** A response with the headers that gate, interceptors and method have set; compressed where the client wants that. */
  respond(
    context: HandlerContext,
    body: ResponseBytes,
  ): Promise<UniversalServerResponse>;
  /** The response to an error; never rejects. */
  fail(
    context: HandlerContext,
    reason: unknown,
  ): Promise<UniversalServerResponse>;
}

/** Prepares the calls of a unary method by one binding. */
export function createUnaryRoute(
  spec: MethodImplSpec & { kind: "unary" },
  parts: CallParts,
): UnaryRoute {
  const { options, reader, writer, responses, successStatus } = parts;
  const { acceptCompression, compressMinBytes } = options;
  const { maxBytes, tooLong } = bodyLimit(parts);
  return {
    spec,
    successStatus,
    maxBodyBytes: maxBytes,
    bodyTooLong: tooLong,
    contentType: writer.raw ? undefined : jsonType,
    timeout: (field) => parseTimeout(field, options.maxTimeoutMs),
    admit(field) {
      checkHeader(parts, field, unaryOffers);
      return bodyCompression(parts, field);
    },
    read: ({ path, query }, contentType, body) =>
      reader.read({ path, query, contentType }, body),
    write: (message) => writer.writeLong(message),
    compression: (acceptEncoding, byteLength) =>
      responseCompression(
        acceptEncoding,
        acceptCompression,
        byteLength < compressMinBytes,
      ),
    respond: (context, body) =>
      responses.complete(
        requestOf(context),
        successStatus,
        body,
        responseHeader(context),
      ),
    fail: (context, reason) =>
      responses.error(requestOf(context), reason, responseHeader(context)),
  };
}

function requestOf(context: HandlerContext): NegotiatedRequest {
  return {
    method: context.requestMethod,
    header: context.requestHeader,
    context,
  };
}
