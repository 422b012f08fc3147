import type { Fault } from "../fault.ts";
import type { TranscodingRequest } from "../options.ts";

/** How long a body may be. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** Makes the fault of a longer one. */
  readonly tooLong: () => Fault;
}

/** A body of bytes in memory. */
export async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

/** Reads a complete body. @throws Fault once it is longer than allowed, by its Content-Length before it is read. */
export async function readBody(
  { body, header }: TranscodingRequest,
  { maxBytes, tooLong }: BodyLimit,
): Promise<Uint8Array> {
  if (Number(header.get("Content-Length")) > maxBytes) {
    throw tooLong();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > maxBytes) {
      throw tooLong();
    }
    chunks.push(chunk);
  }
  const [first = new Uint8Array(0)] = chunks;
  return chunks.length > 1 ? Buffer.concat(chunks, length) : first;
}
