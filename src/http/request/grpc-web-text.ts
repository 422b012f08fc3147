import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";

const textPrefix = "application/grpc-web-text";
const binaryPrefix = "application/grpc-web";
const mediaType = /^application\/grpc-web-text(?=$|[+; ])/i;

/** Whether a media type is that of gRPC-Web's text form: the bytes of the binary form in base64. */
export function isGrpcWebText(type: string): boolean {
  return mediaType.test(type);
}

/** The same media type in the binary form. */
export function binaryTypeOf(type: string): string {
  return type.replace(mediaType, binaryPrefix);
}

/** The same media type in the text form. */
export function textTypeOf(type: string): string {
  return isGrpcWebText(type)
    ? type
    : textPrefix + type.slice(binaryPrefix.length);
}

/**
 * Whether the response is to be text: what `Accept` says, where it names a form of gRPC-Web, else the form of the request.
 * Google's client for text asks for text by both headers.
 */
export function wantsGrpcWebText(contentType: string, accept: string): boolean {
  for (const range of accept.split(",")) {
    const type = range.trim();
    if (isGrpcWebText(type)) {
      return true;
    }
    if (type.toLowerCase().startsWith(binaryPrefix)) {
      return false;
    }
  }
  return isGrpcWebText(contentType);
}

/**
 * Decodes base64 that comes in pieces of any size and may consist of several padded texts, one after the other.
 *
 * @throws ConnectError INVALID_ARGUMENT while reading, for anything that is not base64
 */
export async function* decodeBase64(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let rest = "";
  for await (const piece of pieces) {
    const text = rest + latin1(piece).replaceAll(/[\r\n]/g, "");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    if (whole > 0) {
      yield decodeQuads(text.slice(0, whole));
    }
  }
  if (rest !== "") {
    throw malformed("its length is not a multiple of four");
  }
}

/** Texts that one body may consist of: each is padded unless its length is a multiple of three bytes. */
const maxTexts = 1000;

/**
 * Decodes a complete body.
 *
 * @throws ConnectError INVALID_ARGUMENT for anything that is not base64
 */
export function decodeBase64Body(body: Uint8Array): Uint8Array {
  const text = latin1(body);
  // Tools that encode base64 break its lines, and end the last one.
  const joined = text.includes("\n") ? text.replaceAll(/[\r\n]/g, "") : text;
  if (joined.length % 4 !== 0) {
    throw malformed("its length is not a multiple of four");
  }
  return decodeQuads(joined);
}

/** Checks what Node's decoder does not: it skips characters outside of the alphabet, and accepts the URL alphabet. */
function decodeQuads(text: string): Uint8Array {
  if (text.includes("-") || text.includes("_")) {
    throw foreign();
  }
  const parts: Buffer[] = [];
  for (let start = 0; start < text.length;) {
    const padding = text.indexOf("=", start);
    const end = padding < 0 ? text.length : padding + 4 - (padding % 4);
    const missing = padding < 0 ? 0 : end - padding;
    const part = Buffer.from(text.slice(start, end), "base64");
    if (
      missing > 2 ||
      part.byteLength !== ((end - start) / 4) * 3 - missing ||
      (missing === 2 && text[end - 1] !== "=") ||
      parts.push(part) > maxTexts
    ) {
      throw foreign();
    }
    start = end;
  }
  const [first] = parts;
  return parts.length === 1 && first !== undefined
    ? first
    : Buffer.concat(parts);
}

function foreign(): ConnectError {
  return malformed(
    "a character does not belong to the alphabet, or padding is misplaced",
  );
}

function malformed(why: string): ConnectError {
  return new ConnectError(
    `the gRPC-Web text body is not base64: ${why}`,
    Code.InvalidArgument,
  );
}

/** Turns a response of binary gRPC-Web into one of text, piece by piece, so that a stream stays a stream. */
export function asGrpcWebText(
  response: UniversalServerResponse,
): UniversalServerResponse {
  const header = new Headers(response.header);
  const type = header.get("content-type");
  if (!type?.toLowerCase().startsWith(binaryPrefix)) {
    return response;
  }
  header.set("content-type", textTypeOf(type));
  header.delete("content-length");
  return response.body === undefined
    ? { ...response, header }
    : { ...response, header, body: encodePieces(response.body) };
}

async function* encodePieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield encodeBase64(piece);
  }
}

/** Bytes as the text form has them, padded. */
export function encodeBase64(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  return Buffer.from(text, "latin1");
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Flag of the frame with the trailers, and how it begins in text. */
const trailerByte = 0x80;
const trailerByteInText = "g".charCodeAt(0);

/** The `grpc-status` in a piece of a response, for the log: where it is a frame of trailers, in either form. */
export function grpcWebStatus(piece: Uint8Array): string | undefined {
  const [first] = piece;
  if (first !== trailerByte && first !== trailerByteInText) {
    return undefined;
  }
  const text = latin1(piece);
  const trailers =
    first === trailerByte
      ? text
      : Buffer.from(text, "base64").toString("latin1");
  return /^\x80[^]{4}(?:[^]*\r\n)?grpc-status: ?(\d+)/i.exec(trailers)?.[1];
}
