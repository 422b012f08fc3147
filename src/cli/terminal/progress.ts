/** A bar on a terminal; nothing where standard error is none. */
export interface Progress {
  /** Shows how many are done, and of how many. */
  show(count: number, done: number): void;
  /** Takes the bar away, so that a line can be written. */
  clear(): void;
}

const width = 30;
const everyMs = 100;

/**
 * Shows on standard error how far a command is.
 *
 * @param what what is counted
 * @param total how much there is in all, in the unit of `done`; undefined where it is not known
 */
export function createProgress(
  what: string,
  total: number | undefined,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  let last = 0;
  let isShown = false;
  return {
    show: (count, done) => {
      const now = Date.now();
      if (!stream.isTTY || now - last < everyMs) {
        return;
      }
      last = now;
      isShown = true;
      stream.write(`\r${bar(done, total)}${count} ${what}`);
    },
    clear: () => {
      if (!isShown) {
        return;
      }
      isShown = false;
      // Back to the start of the line, and erase it (ECMA-48 EL).
      stream.write("\r\u001b[K");
    },
  };
}

function bar(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) {
    return "";
  }
  const part = Math.min(done / total, 1);
  const full = Math.round(part * width);
  const percent = String(Math.round(part * 100)).padStart(3);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${percent} %  `;
}
