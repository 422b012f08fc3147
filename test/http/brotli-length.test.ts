import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createBrotliCompress,
} from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { brotliLength } from "../../src/http/rpc/brotli-length.ts";

/** Texts that can be compressed, and bytes that cannot. */
const messages = fc.oneof(
  fc
    .array(fc.constantFrom('{"userId":', '"a"', "},", "USER_STATE_ACTIVE"), {
      maxLength: 2000,
    })
    .map((pieces) => Buffer.from(pieces.join(""))),
  fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
);

const encoders = (leastQuality: number) =>
  fc.record({
    quality: fc.integer({ min: leastQuality, max: 11 }),
    window: fc.integer({ min: 10, max: 24 }),
  });

function compress(
  message: Uint8Array,
  { quality, window }: { readonly quality: number; readonly window: number },
): Buffer {
  return brotliCompressSync(message, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: window,
    },
  });
}

test("a message that an encoder makes at once says its length", () => {
  fc.assert(
    // Below, the last meta-block may be an empty one.
    fc.property(messages, encoders(2), (message, encoder) => {
      const compressed = compress(message, encoder);
      expect(brotliLength(compressed)).toBe(message.length);
    }),
  );
});

test("whatever can be decompressed has the length that it says, or says none", () => {
  fc.assert(
    fc.property(
      messages,
      encoders(0),
      fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 3 }),
      (message, encoder, changes) => {
        const bytes = compress(message, encoder);
        for (const [index, value] of changes) {
          if (index < bytes.length) {
            bytes[index] = value;
          }
        }
        const length = brotliLength(bytes);
        if (length === Infinity) {
          return;
        }
        let decompressed: Buffer;
        try {
          decompressed = brotliDecompressSync(bytes, {
            maxOutputLength: 64 * 1024,
          });
        } catch {
          return;
        }
        expect(decompressed).toHaveLength(length);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a message that is made piece by piece does not say it", async () => {
  const encoder = createBrotliCompress();
  const compressed = buffer(encoder);
  for (let count = 0; count < 3; count += 1) {
    encoder.write("a piece of text, a piece of text, a piece of text");
    encoder.flush();
    await once(encoder, "readable");
  }
  encoder.end();
  const bytes = await compressed;
  expect(brotliDecompressSync(bytes)).toHaveLength(3 * 49);
  expect(brotliLength(bytes)).toBe(Infinity);
});

test.each([
  ["nothing", []],
  ["one byte", [0x0b]],
  ["metadata", [0x0b | 0x60, 0]],
])("%s has no known length", (_name, bytes) => {
  expect(brotliLength(Uint8Array.from(bytes))).toBe(Infinity);
});
