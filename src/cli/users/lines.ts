/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without what ends it; undefined where it has more bytes than it may. What is not UTF-8 is U+FFFD. */
  readonly text: string | undefined;
  /** What ends it: nothing for the last line of many a file. */
  readonly end: "" | "\n" | "\r\n";
}

const newline = 0x0a;
const carriageReturn = 0x0d;
/** U+FEFF in UTF-8, with which some programs begin a file. */
const byteOrderMark = Buffer.from("\ufeff");

/**
 * Reads the lines of a file of any size, without a byte order mark at its start, none of which takes more memory than it may have bytes.
 *
 * @param maxBytes of a line; the rest of a longer one is skipped
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line> {
  let number = 1;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const add = (part: Uint8Array) => {
    bytes += part.length;
    if (bytes <= maxBytes) {
      parts.push(part);
    } else {
      parts = [];
    }
  };
  const take = (isEnded: boolean): Line => {
    const whole = Buffer.concat(parts);
    const isTooLong = bytes > maxBytes;
    const hasReturn = isEnded && whole.at(-1) === carriageReturn;
    const line: Line = {
      number,
      text: isTooLong
        ? undefined
        : whole.toString("utf8", 0, whole.length - (hasReturn ? 1 : 0)),
      end: isEnded ? (hasReturn ? "\r\n" : "\n") : "",
    };
    number += 1;
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of withoutMark(chunks)) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(newline, from);
      if (end < 0) {
        break;
      }
      add(chunk.subarray(from, end));
      yield take(true);
      from = end + 1;
    }
    add(chunk.subarray(from));
  }
  if (bytes > 0) {
    yield take(false);
  }
}

async function* withoutMark(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { length } = byteOrderMark;
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length >= length) {
      const isMarked = start.subarray(0, length).equals(byteOrderMark);
      yield isMarked ? start.subarray(length) : start;
      start = undefined;
    }
  }
  if (start !== undefined) {
    yield start;
  }
}
