/** Writes bytes and returns how many were taken, or throws, as `fs.writeSync` does. */
export type WriteBytes = (bytes: Uint8Array) => number;

/** Where the lines of a log are written. */
export interface LineSink {
  /** Writes complete lines. */
  readonly write: (lines: Buffer) => void;
  /** Writes waiting lines, as far as possible without blocking. */
  readonly flush: () => void;
}

/** How long until a write is tried again, in milliseconds: a reader that keeps up needs less. */
const retryMs = 10;

const newline = 0x0a;

/**
 * Writes lines to a target that may refuse them: a pipe that is not read, or a full disk. Lines wait in memory until it accepts them; the
 * process neither blocks nor ends. Lines beyond the bound are dropped, and a line says how many.
 *
 * @param maxBytes how much may wait
 * @param notice makes the line that says how many were left out
 */
export function createLineSink(
  write: WriteBytes,
  maxBytes: number,
  notice: (lost: number) => Buffer,
): LineSink {
  const waiting: Buffer[] = [];
  let bytes = 0;
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const push = (lines: Buffer) => {
    waiting.push(lines);
    bytes += lines.length;
  };
  const takeWaiting = () => {
    try {
      for (;;) {
        const [first] = waiting;
        if (first === undefined) {
          return;
        }
        const taken = write(first);
        bytes -= taken;
        if (taken === first.length) {
          waiting.shift();
        } else {
          waiting[0] = first.subarray(taken);
        }
      }
    } catch {
      // The reader has gone, is slow, or the disk is full: there is nowhere else to report it.
    }
  };
  const flush = () => {
    clearTimeout(timer);
    takeWaiting();
    if (bytes === 0 && lost > 0) {
      push(notice(lost));
      lost = 0;
      takeWaiting();
    }
    if (bytes > 0) {
      timer = setTimeout(flush, retryMs).unref();
    }
  };
  return {
    write: (lines) => {
      // First: the target may accept lines by now.
      if (bytes > 0) {
        flush();
      }
      if (bytes === 0) {
        push(lines);
        flush();
      } else if (bytes + lines.length <= maxBytes) {
        push(lines);
      } else {
        lost += lines.filter((byte) => byte === newline).length;
      }
    },
    flush,
  };
}
