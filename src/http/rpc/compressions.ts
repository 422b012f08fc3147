import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  constants,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
} from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { createTurns } from "../../pacing/turns.ts";
import type { Turn } from "../../pacing/turns.ts";
import { brotliLength } from "./brotli-length.ts";

/**
 * How many large messages are compressed or decompressed at once. Node's pool of threads has four, and each message may take as
 * much memory as the limit on messages.
 */
const concurrency = 4;

/** Up to so many bytes are compressed, or decompressed, on the event loop: handing them to a thread would take longer. */
const smallBytes = 4 * 1024;

/** What a small message may become on the event loop: a tenth of a millisecond's work. */
const smallOutputBytes = 64 * 1024;

/**
 * How much Node makes room for at once, in bytes, where a message is small. Its own default is 16 KiB: to make that takes longer than to
 * decompress most messages.
 */
const smallChunks = { chunkSize: 1024 };

/** As much memory as a small message needs: a window of 4 KiB. By default gzip clears a quarter of a mebibyte for each message. */
const smallGzip = { ...smallChunks, windowBits: 12, memLevel: 5 };

/** Quality of Brotli. Its own default, 11, takes milliseconds for a kilobyte. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Whose message is compressed or decompressed. */
export interface Owner {
  /** Looked at where the message is large. */
  readonly turn: Turn;
}

/** Connect's compression, which has large messages of each caller wait for those of the same caller alone. */
export interface FairCompression extends Compression {
  /** @throws the reason of the owner's signal where that is aborted before the turn comes */
  readonly compress: (
    bytes: Uint8Array,
    owner?: Owner,
  ) => ReturnType<Compression["compress"]>;
  /** @throws ConnectError for a message that is none, or too large; the reason of the owner's signal where that is aborted before */
  readonly decompress: (
    bytes: Uint8Array,
    readMaxBytes: number,
    owner?: Owner,
  ) => ReturnType<Compression["decompress"]>;
}

interface Format {
  readonly name: string;
  compress(bytes: Uint8Array): Promise<Buffer>;
  compressSync(bytes: Uint8Array): Buffer;
  decompress(
    bytes: Uint8Array,
    limit: { readonly maxOutputLength: number },
  ): Promise<Buffer>;
  /** @returns undefined for bytes that may take long, however few they are */
  decompressSync(
    bytes: Uint8Array,
    limit: { readonly maxOutputLength: number },
  ): Buffer | undefined;
}

const formats: readonly Format[] = [
  {
    name: "gzip",
    compress: promisify<Uint8Array, Buffer>(gzip),
    compressSync: (bytes) => gzipSync(bytes, smallGzip),
    decompress: promisify(gunzip),
    decompressSync: (bytes, limit) =>
      gunzipSync(bytes, { ...limit, ...smallChunks }),
  },
  {
    name: "br",
    compress: (bytes) => promisify(brotliCompress)(bytes, brotliOptions),
    compressSync: (bytes) =>
      brotliCompressSync(bytes, { ...brotliOptions, ...smallChunks }),
    decompress: async (bytes, limit) =>
      complete(
        await promisify(brotliDecompress)(bytes, { ...limit, info: true }),
        bytes,
      ),
    // It fills a window of up to 16 MiB before it can be told that less is enough.
    decompressSync: (bytes, limit) =>
      brotliLength(bytes) <= limit.maxOutputLength
        ? complete(
            brotliDecompressSync(bytes, {
              ...limit,
              ...smallChunks,
              info: true,
            }),
            bytes,
          )
        : undefined,
  },
];

/**
 * gzip and Brotli, in order of preference. Large messages are compressed on other threads, a few at a time, by turns of their owners; those
 * without one share their turns. A message that cannot be decompressed is the caller's fault: INVALID_ARGUMENT, or RESOURCE_EXHAUSTED over
 * the limit.
 */
export function createCompressions(): FairCompression[] {
  const inTurn = createTurns(concurrency);
  return formats.map((format) => ({
    name: format.name,
    compress: async (bytes, owner) =>
      bytes.byteLength <= smallBytes
        ? ownBytes(format.compressSync(bytes))
        : ownBytes(await inTurn(() => format.compress(bytes), owner?.turn)),
    decompress: async (bytes, readMaxBytes, owner) => {
      if (bytes.byteLength === 0) {
        return new Uint8Array(0);
      }
      const asCallersFault = (reason: unknown) => {
        throw decompressionError(reason, format.name, readMaxBytes);
      };
      let quick: Buffer | undefined;
      try {
        quick = decompressSmall(format, bytes, readMaxBytes);
      } catch (reason) {
        return asCallersFault(reason);
      }
      const limit = { maxOutputLength: readMaxBytes };
      return ownBytes(
        quick ??
          (await inTurn(
            () => format.decompress(bytes, limit).catch(asCallersFault),
            owner?.turn,
          )),
      );
    },
  }));
}

/** What zlib gives where it is asked for `info`. */
interface Decompressed {
  readonly buffer: Buffer;
  /** Bytes written to the engine are those that it has used. */
  readonly engine: { readonly bytesWritten: number };
}

/** @throws Error where something follows the message, which Brotli passes over, and gzip does not */
function complete(result: unknown, bytes: Uint8Array): Buffer {
  const { buffer, engine } = result as Decompressed;
  if (engine.bytesWritten < bytes.byteLength) {
    throw new Error("the message is followed by something else");
  }
  return buffer;
}

/** Undefined for a message that is too large for the event loop, before or after. */
function decompressSmall(
  format: Format,
  bytes: Uint8Array,
  readMaxBytes: number,
): Buffer | undefined {
  if (bytes.byteLength > smallBytes) {
    return undefined;
  }
  try {
    return format.decompressSync(bytes, {
      maxOutputLength: Math.min(readMaxBytes, smallOutputBytes),
    });
  } catch (reason) {
    if (isTooLarge(reason) && readMaxBytes > smallOutputBytes) {
      return undefined;
    }
    throw reason;
  }
}

function isTooLarge(reason: unknown): boolean {
  return (
    reason instanceof Error &&
    "code" in reason &&
    reason.code === "ERR_BUFFER_TOO_LARGE"
  );
}

function decompressionError(
  reason: unknown,
  name: string,
  readMaxBytes: number,
): ConnectError {
  return isTooLarge(reason)
    ? new ConnectError(
        `the message is larger than ${readMaxBytes} bytes when it is decompressed`,
        Code.ResourceExhausted,
      )
    : new ConnectError(
        `the message is not valid ${name}`,
        Code.InvalidArgument,
        undefined,
        undefined,
        reason,
      );
}

/** Connect's interface asks for bytes that no other thread shares. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}
