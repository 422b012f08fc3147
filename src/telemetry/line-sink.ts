/** Writes bytes and returns how many were taken, or throws, as `fs.writeSync` does. */
export type WriteBytes = (bytes: Uint8Array) => number;

/** Where the lines of a log are written. */
export interface LineSink {
  /** Takes whole lines. */
  readonly write: (lines: string) => void;
  /** Writes what waits, as far as it is taken. */
  readonly flush: () => void;
}

/** How long until what was not taken is tried again, in milliseconds: a reader that keeps up makes room within less. */
const retryMs = 10;

const newline = 0x0a;

/**
 * Writes lines where they may not be taken: into a pipe that nobody reads, or on a full disk. They wait for it to be well again, and
 * the process neither waits nor ends for them. Those beyond what may wait are left out, and so many are told of in their place.
 *
 * @param maxBytes how much may wait
 * @param notice makes the line that says how many were left out
 */
export function createLineSink(
  write: WriteBytes,
  maxBytes: number,
  notice: (lost: number) => string,
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
      // Whoever reads has gone, is slow, or has no room: there is nobody else to tell.
    }
  };
  const flush = () => {
    clearTimeout(timer);
    takeWaiting();
    if (bytes === 0 && lost > 0) {
      push(Buffer.from(notice(lost)));
      lost = 0;
      takeWaiting();
    }
    if (bytes > 0) {
      timer = setTimeout(flush, retryMs).unref();
    }
  };
  return {
    write: (lines) => {
      // First: there may be room by now.
      if (bytes > 0) {
        flush();
      }
      const added = Buffer.from(lines);
      if (bytes === 0) {
        push(added);
        flush();
      } else if (bytes + added.length <= maxBytes) {
        push(added);
      } else {
        lost += added.filter((byte) => byte === newline).length;
      }
    },
    flush,
  };
}
