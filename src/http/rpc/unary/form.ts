import type { Message } from "@bufbuild/protobuf";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { TranscodingMatch } from "../../../transcoding/index.ts";
import type { BodyLimit } from "../../connection/exchange/body-collector.ts";
import type { RequestHead } from "../../request/head.ts";
import type { RunningRequest } from "../../request/running-request.ts";
import type { FairCompression } from "../compressions.ts";
import type { Fields, UnaryContext } from "./context.ts";
import type { UnarySpec } from "./invoke.ts";

/** The timeout that a client gives a call, or what is wrong with it. */
export interface CallTimeout {
  readonly timeoutMs?: number | undefined;
  /** A ConnectError, or a fault that {@link UnaryForm.failure} knows. */
  readonly error?: Error | undefined;
}

/** The match of a template, for a call by JSON over HTTP. */
export type RestMatch = Extract<TranscodingMatch, { readonly kind: "found" }>;

/** A request for a unary method: all but its body. */
export interface UnaryRequest {
  readonly running: RunningRequest;
  readonly head: RequestHead;
  /** Undefined but for JSON over HTTP. */
  readonly match: RestMatch | undefined;
  /** Whether the path is a template's, in any protocol: then a missing body is the empty message. */
  readonly byTemplate: boolean;
}

/** A message as it came, before it is decompressed. */
export class CompressedMessage {
  readonly compression: FairCompression;
  readonly bytes: Uint8Array;

  constructor(compression: FairCompression, bytes: Uint8Array) {
    this.compression = compression;
    this.bytes = bytes;
  }
}

/** The form of one method's calls in one protocol and codec, computed at start. */
export interface UnaryForm {
  readonly spec: UnarySpec;
  readonly protocol: Exclude<RunningRequest["protocol"], "http">;
  /** How much body is read; undefined where the message is not in the body. */
  readonly body: BodyLimit | undefined;
  /** What the header and the trailer of a response begin with. */
  readonly header: Fields;
  readonly trailer: Fields;
  /**
   * The header of a response that no handler has changed: names and values by turns, without length, encoding and request id.
   * Undefined where the message has the media type.
   */
  readonly constantHeader: readonly string[] | undefined;
  /** Whether {@link constantHeader} is completed by a Content-Length. */
  readonly hasLength: boolean;
  /** Names the compression of a response. */
  readonly encodingHeader: string;
  timeout(rawHeaders: readonly string[]): CallTimeout | undefined;
  /**
   * Checks the header of a request, once the gate has consented.
   *
   * @returns the compression of its message
   * @throws ConnectError, or a fault that {@link failure} knows
   */
  admit(
    request: UnaryRequest,
    context: UnaryContext,
  ): FairCompression | undefined;
  /**
   * Finds the message of a request in its body.
   *
   * @param compression of the message, where it is compressed
   * @throws ConnectError, or a fault that {@link failure} knows
   */
  open(
    body: Uint8Array,
    request: UnaryRequest,
    compression: FairCompression | undefined,
  ): Uint8Array | CompressedMessage;
  /**
   * Reads a message.
   *
   * @throws ConnectError, or a fault that {@link failure} knows
   */
  read(message: Uint8Array, request: UnaryRequest): Message;
  /** Writes a message; a long one in slices, between which others have their turn. @throws ConnectError, or rejects with it */
  write(
    message: Message,
    context: UnaryContext,
  ): Uint8Array | Promise<Uint8Array>;
  /** How the message of a response is compressed; `requested` is the compression of the request. */
  compression(
    request: UnaryRequest,
    byteLength: number,
    requested: FairCompression | undefined,
  ): FairCompression | undefined;
  /** The body of a response whose header and trailer no handler has changed. */
  frame(message: Uint8Array, compressed: boolean): Uint8Array;
  /** A response with the header and trailer that the handler has set. */
  respond(
    context: UnaryContext,
    message: Uint8Array,
    compression: FairCompression | undefined,
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
  failure(
    context: UnaryContext,
    reason: unknown,
    compress: (byteLength: number) => FairCompression | undefined,
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
}
