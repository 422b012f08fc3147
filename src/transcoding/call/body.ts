import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { badRequest, bodyTooLarge } from "../fault.ts";

const empty = new Uint8Array(0);

/** The bytes of a body. A JSON value that a server framework has parsed already becomes text again. */
export function bodyBytes(
  body: UniversalServerRequest["body"] | undefined,
): AsyncIterable<Uint8Array> {
  if (
    typeof body === "object" &&
    body !== null &&
    Symbol.asyncIterator in body
  ) {
    return body;
  }
  return oneChunk(
    body === undefined ? empty : Buffer.from(JSON.stringify(body)),
  );
}

/** A body that is at hand. */
export async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

/** Reads a body whole. @throws Fault 413 once it is longer than allowed, by its Content-Length before it is read. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
  contentLength: string | null,
): Promise<Uint8Array> {
  if (contentLength !== null && Number(contentLength) > readMaxBytes) {
    throw bodyTooLarge(readMaxBytes);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > readMaxBytes) {
      throw bodyTooLarge(readMaxBytes);
    }
    chunks.push(chunk);
  }
  const [first] = chunks;
  if (first === undefined) {
    return empty;
  }
  return chunks.length === 1 ? first : Buffer.concat(chunks, length);
}

/** Makes sure that a request has no body; reads no further than the first byte. @throws Fault 400 */
export async function requireNoBody(
  body: AsyncIterable<Uint8Array>,
  contentLength: string | null,
): Promise<void> {
  if (contentLength !== null && Number(contentLength) > 0) {
    throw badRequest("the request must not have a body");
  }
  for await (const chunk of body) {
    if (chunk.byteLength > 0) {
      throw badRequest("the request must not have a body");
    }
  }
}
