/** Reads bits, the lowest of each byte first; behind the end they are 0. */
class BitReader {
  readonly #bytes: Uint8Array;
  /** In bits. */
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#at += 1) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value |= ((byte >> (this.#at & 7)) & 1) << i;
    }
    return value;
  }

  /** From the next byte on. */
  skipBytes(count: number): void {
    this.#at = 8 * (Math.ceil(this.#at / 8) + count);
  }
}

/**
 * How many bytes a message by Brotli becomes, by the headers of its meta-blocks (RFC 7932, section 9): that of what most encoders make of a short
 * message says it. One that cannot be decompressed may have any length.
 *
 * @returns Infinity where it is not known before the message is decompressed
 */
export function brotliLength(bytes: Uint8Array): number {
  const bits = new BitReader(bytes);
  skipWindowSize(bits);
  let length = 0;
  for (;;) {
    const isLast = bits.read(1) === 1;
    if (isLast && bits.read(1) === 1) {
      // An empty one.
      return length;
    }
    const nibbles = 4 + bits.read(2);
    if (nibbles === 7) {
      // Metadata.
      return Infinity;
    }
    const blockLength = bits.read(4 * nibbles) + 1;
    length += blockLength;
    if (isLast) {
      return length;
    }
    const isUncompressed = bits.read(1) === 1;
    if (!isUncompressed) {
      // Where it ends is only known to who decompresses it.
      return Infinity;
    }
    bits.skipBytes(blockLength);
  }
}

/** Of one bit, four or seven. */
function skipWindowSize(bits: BitReader): void {
  if (bits.read(1) === 1 && bits.read(3) === 0) {
    bits.read(3);
  }
}
