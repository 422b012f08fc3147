import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type {
  Compression,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { TranscodingMatch } from "../../transcoding/index.ts";
import type { RunningRequest } from "../running-request.ts";
import type { Fields, UnaryContext } from "./context.ts";
import type { UnarySpec } from "./invoke.ts";

/** The timeout that a client gives a call, or what is wrong with it. */
export interface CallTimeout {
  readonly timeoutMs?: number | undefined;
  readonly error?: ConnectError | undefined;
}

/** The match of a template, for a call by JSON over HTTP. */
export type RestMatch = Extract<TranscodingMatch, { readonly kind: "found" }>;

/**
 * How the calls of one method look in one protocol and one codec: all that can be known at start. What it does not know of — other
 * codecs, compressed or malformed bodies — the general handlers answer.
 */
export interface UnaryForm {
  readonly spec: UnarySpec;
  readonly protocol: Exclude<RunningRequest["protocol"], "http">;
  /** A body that is longer does not hold one message within the limits. */
  readonly maxBytes: number;
  /** Whether the start of a body announces a message over the limit; nothing where that cannot be known yet. */
  readonly announcesTooMuch?: (start: Uint8Array) => boolean | undefined;
  /** What the header and the trailer of an answer begin with. */
  readonly header: Fields;
  readonly trailer: Fields;
  /** The header of an answer that nobody has changed: names and values by turns, but for length and request id. */
  readonly plainHeader: readonly string[];
  /** Whether {@link plainHeader} is completed by a Content-Length. */
  readonly hasLength: boolean;
  /** Names the compressions that the client takes. */
  readonly acceptEncodingHeader: string;
  timeout(rawHeaders: readonly string[]): CallTimeout | undefined;
  /**
   * Reads the message of a request; nothing where the body is not one plain message.
   *
   * @throws ConnectError, or a fault that {@link failure} knows
   */
  read(
    body: Uint8Array,
    match: RestMatch | undefined,
    contentType: string,
  ): Message | undefined;
  /** @throws ConnectError */
  write(message: Message): Uint8Array;
  /** The body of an answer that nobody has changed. */
  frame(message: Uint8Array): Uint8Array;
  /** An answer with what the method has said in header and trailer. */
  answer(
    context: UnaryContext,
    message: Uint8Array,
    compression: Compression | undefined,
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
  failure(
    context: UnaryContext,
    reason: unknown,
    compression: Compression | undefined,
  ): UniversalServerResponse | Promise<UniversalServerResponse>;
}
