import { gzipSync } from "node:zlib";

/** A field of protobuf that holds bytes, a text or a message. Its number is at most 15. */
export function field(number: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([
    Buffer.of((number << 3) | 2),
    varint(bytes.length),
    bytes,
  ]);
}

/** A field of protobuf that holds a number. */
export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(number << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** A message as gRPC frames it. */
export function envelope(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A message as gRPC frames it, compressed. */
export function gzipped(message: Uint8Array): Buffer {
  return envelope(gzipSync(message, { level: 9 }), 1);
}

/** A text of so many MiB, which is small when it is compressed. */
export function longText(mebibytes: number): Buffer {
  return Buffer.alloc(mebibytes * 1024 * 1024, "a");
}

/**
 * Compresses texts of nearly 4 MiB that begin differently, each with a tag and a length before it: gzip has members, and all but the first
 * are the same.
 */
export function createVariants(
  wrap: (text: Uint8Array) => Buffer,
): (start: string) => Buffer {
  const long = longText(4).subarray(4096);
  const tail = gzipSync(long, { level: 9 });
  return (start) => {
    const whole = wrap(Buffer.concat([Buffer.from(start), long]));
    const head = whole.subarray(0, whole.length - long.length);
    return envelope(Buffer.concat([gzipSync(head), tail]), 1);
  };
}
