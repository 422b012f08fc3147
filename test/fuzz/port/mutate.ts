import type { Random } from "./random.ts";

const interesting = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    ":",
    ",",
    "%",
    "%00",
    "../",
    "?",
    "&",
    "#",
  ],
  ...["chunked", "close", "-1", "0", "18446744073709551616", "é", "\u{1f512}"],
  ...[
    "HTTP/1.1",
    "HTTP/2.0",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "{",
    "[",
    '"',
  ],
] as const;

/** Changes some bytes, here and there. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = bytes;
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    mutated = mutateOnce(random, mutated);
  }
  return mutated;
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(16);
  const splice = (inserted: Buffer, removed: number) =>
    Buffer.concat([
      bytes.subarray(0, at),
      inserted,
      bytes.subarray(at + removed),
    ]);
  switch (random.below(7)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) {
        flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      }
      return flipped;
    }
    case 1:
      return splice(random.bytes(length), random.below(2) * length);
    case 2:
      return splice(Buffer.alloc(0), length);
    case 3:
      return splice(Buffer.from(random.pick(interesting)), 0);
    case 4:
      return splice(bytes.subarray(at, at + length * 8), 0);
    case 5:
      return bytes.subarray(0, at);
    default:
      return splice(
        Buffer.alloc(length, random.pick([0, 0xff, 0x7f, 0x80])),
        length,
      );
  }
}

/** Cuts bytes into pieces that arrive one after the other. */
export function cut(random: Random, bytes: Buffer): readonly Buffer[] {
  if (!random.oneIn(3)) {
    return [bytes];
  }
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length && chunks.length < 20;) {
    const size = random.oneIn(2) ? 1 + random.below(8) : 1 + random.below(600);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(
    bytes.subarray(chunks.reduce((sum, { length }) => sum + length, 0)),
  );
  return chunks;
}
