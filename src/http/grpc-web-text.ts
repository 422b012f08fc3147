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

/**
 * Whether the answer is to be text: what `Accept` says, where it names a form of gRPC-Web, else the form of the request.
 * Google's client for text asks for text by both headers.
 */
export function wantsGrpcWebText(contentType: string, accept: string): boolean {
  for (const range of accept.split(",")) {
    const type = range.trim();
    if (isGrpcWebText(type)) return true;
    if (type.toLowerCase().startsWith(binaryPrefix)) return false;
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
    const text =
      rest +
      Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
        .toString("latin1")
        // Tools that encode base64 break its lines, and end the last one.
        .replaceAll(/[\r\n]/g, "");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    if (whole > 0) yield decodeQuads(text.slice(0, whole));
  }
  if (rest !== "") throw malformed("its length is not a multiple of four");
}

const padded =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodeQuads(text: string): Uint8Array {
  const parts: Buffer[] = [];
  for (let start = 0; start < text.length;) {
    const padding = text.indexOf("=", start);
    const end = padding < 0 ? text.length : padding + 4 - (padding % 4);
    const part = text.slice(start, end);
    if (!padded.test(part))
      throw malformed(
        "a character does not belong to the alphabet, or padding is misplaced",
      );
    parts.push(Buffer.from(part, "base64"));
    start = end;
  }
  return parts.length === 1 && parts[0] !== undefined
    ? parts[0]
    : Buffer.concat(parts);
}

function malformed(why: string): ConnectError {
  return new ConnectError(
    `the gRPC-Web text body is not base64: ${why}`,
    Code.InvalidArgument,
  );
}

/** Turns an answer of binary gRPC-Web into one of text, piece by piece, so that a stream stays a stream. */
export function asGrpcWebText(
  response: UniversalServerResponse,
): UniversalServerResponse {
  const header = new Headers(response.header);
  const type = header.get("content-type");
  if (!type?.toLowerCase().startsWith(binaryPrefix)) return response;
  if (!isGrpcWebText(type))
    header.set("content-type", textPrefix + type.slice(binaryPrefix.length));
  header.delete("content-length");
  return response.body === undefined
    ? { ...response, header }
    : { ...response, header, body: encodeBase64(response.body) };
}

async function* encodeBase64(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield Buffer.from(
      Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString(
        "base64",
      ),
      "latin1",
    );
  }
}

/** Flag of the frame with the trailers, and how it begins in text. */
const trailerByte = 0x80;
const trailerByteInText = "g".charCodeAt(0);

/** The `grpc-status` in a piece of an answer, for the log: where it is a frame of trailers, in either form. */
export function grpcWebStatus(piece: Uint8Array): string | undefined {
  const [first] = piece;
  if (first !== trailerByte && first !== trailerByteInText) return undefined;
  const text = Buffer.from(
    piece.buffer,
    piece.byteOffset,
    piece.byteLength,
  ).toString("latin1");
  const trailers =
    first === trailerByte
      ? text
      : Buffer.from(text, "base64").toString("latin1");
  return /^\x80[^]{4}(?:[^]*\r\n)?grpc-status: ?(\d+)/i.exec(trailers)?.[1];
}
