import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type {
  Compression,
  UniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import type { Responses } from "./response.ts";
import { type BodyLimit, readBody } from "./body.ts";
import {
  checkContentType,
  type ContentTypeRule,
} from "../headers/content-type.ts";
import { requestCompression } from "../headers/encoding.ts";
import { badRequest, bodyTooLarge, notAcceptable } from "../fault.ts";
import { negotiateMediaType } from "../headers/media-type.ts";
import type {
  TranscodingMatch,
  TranscodingRequest,
  TranscodingResponse,
} from "../options.ts";
import type { RequestLine, RequestReader } from "../message/request.ts";
import { jsonType, type ResponseWriter } from "../message/response.ts";
import type { Binding } from "../template/rule.ts";
import {
  passOnSystemParameters,
  type SystemParameters,
} from "../message/system-parameters.ts";
import type { HeaderField, Timeout } from "../headers/timeout.ts";

/** A request target that led to a binding. */
export type Found = Extract<TranscodingMatch, { readonly kind: "found" }>;

/** Serves the requests of one binding of a stream. */
export type CallHandler = (
  request: TranscodingRequest,
  match: Found,
) => Promise<TranscodingResponse>;

/** What is known of one binding before its first request. */
export interface CallParts {
  readonly binding: Binding;
  readonly options: UniversalHandlerOptions;
  readonly responses: Responses;
  readonly reader: RequestReader;
  readonly writer: ResponseWriter;
  readonly contentTypeRule: ContentTypeRule;
  /** Query parameters that are passed on as headers. */
  readonly systemParameters: SystemParameters;
  /** Of a response that is one message. */
  readonly successStatus: number;
  readonly eventId: ((message: Message) => string | undefined) | undefined;
}

/** The media types of a response that is one message. */
export const unaryOffers = [jsonType] as const;

/**
 * What is decided before the body is read. Who calls comes before all that the request holds.
 *
 * @param offers the media types that the response may have; none where only the handler knows.
 * @throws Fault of the deadline, what the gate throws, and a fault of the headers
 * @returns the media type of the response.
 */
export async function admit<Offer extends string>(
  parts: CallParts,
  request: TranscodingRequest,
  timeout: Timeout,
  context: HandlerContext,
  offers: readonly [Offer, ...Offer[]],
): Promise<Offer> {
  await parts.options.requestGate?.(context);
  if (timeout.fault !== undefined) {
    throw timeout.fault;
  }
  return checkHeader(parts, fieldsOf(request), offers);
}

/** Checks Content-Type and Accept. @throws Fault 406, 415 @returns the media type of the response */
export function checkHeader<Offer extends string>(
  { contentTypeRule, writer }: CallParts,
  field: HeaderField,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  checkContentType(field("content-type"), contentTypeRule);
  if (writer.raw) {
    return offers[0];
  }
  const offer = negotiateMediaType(field("accept"), offers);
  if (offer === undefined) {
    throw notAcceptable(offers);
  }
  return offer;
}

/** The header fields of a request by name. */
export function fieldsOf({ header }: TranscodingRequest): HeaderField {
  return (name) => header.get(name);
}

/** Reads the body and makes the one message of a call. @throws Fault */
export async function readMessage(
  parts: CallParts,
  request: TranscodingRequest,
  match: Found,
): Promise<Message> {
  const body = await readUncompressedBody(parts, request);
  const message = parts.reader.read(requestLine(request, match), body);
  if (match.query !== undefined && parts.systemParameters.size > 0) {
    passOnSystemParameters(match.query, parts.systemParameters, request.header);
  }
  return message;
}

/** How long a body may be before it is decompressed: where the rule has none, it is empty. */
export function bodyLimit({ reader, options }: CallParts): BodyLimit {
  const { readMaxBytes } = options;
  return reader.bodyForm === "none"
    ? {
        maxBytes: 0,
        tooLong: () => badRequest("the request must not have a body"),
      }
    : { maxBytes: readMaxBytes, tooLong: () => bodyTooLarge(readMaxBytes) };
}

/** How the body is compressed, where the rule has one. @throws Fault 415 */
export function bodyCompression(
  { reader, options, contentTypeRule }: CallParts,
  field: HeaderField,
): Compression | undefined {
  return reader.bodyForm === "none"
    ? undefined
    : requestCompression(
        field("content-encoding"),
        options.acceptCompression,
        contentTypeRule,
      );
}

/** Reads the complete body and decompresses it. @throws Fault */
export async function readUncompressedBody(
  parts: CallParts,
  request: TranscodingRequest,
): Promise<Uint8Array> {
  const compression = bodyCompression(parts, fieldsOf(request));
  const bytes = await readBody(request, bodyLimit(parts));
  return compression === undefined || bytes.length === 0
    ? bytes
    : await compression.decompress(bytes, parts.options.readMaxBytes);
}

/** What a request holds beside its body. */
export function requestLine(
  request: TranscodingRequest,
  match: Found,
): RequestLine {
  return {
    path: match.path,
    query: match.query,
    contentType: request.header.get("Content-Type") ?? "",
  };
}

/** The header of a response: that of the handler, and its trailers under the prefix that Connect has for them. */
export function responseHeader(context: HandlerContext): Headers {
  const header = context.responseHeader;
  for (const [name, value] of context.responseTrailer) {
    header.append(`trailer-${name}`, value);
  }
  return header;
}
