import {
  setImmediate as turn,
  setTimeout as delay,
} from "node:timers/promises";

/** For so long all long work together may hold the event loop without a pause, in milliseconds. */
const shortMs = 1;

/** So much of what a slice took counts, in milliseconds: it may have waited for a database. */
const longestMs = 10;

/** When the next long work may begin, by `performance.now()`. One event loop serves all: it is the same for all work of the process. */
let freeAt = 0;

/**
 * Reserves time on the event loop for long work, and as much after it for everybody else: a login is some ten steps, which would
 * have to wait for a slice of long work each, if slices followed each other without a gap.
 *
 * @param ms what the work takes
 * @param now by `performance.now()`
 * @returns for how long it has to wait, in milliseconds; 0 for not at all
 */
export function reserveLongWork(ms: number, now = performance.now()): number {
  const at = Math.max(now, freeAt);
  freeAt = at + 2 * ms;
  return at - now;
}

/** Since when long work has held the event loop in this turn of it, by `performance.now()`. */
let heldSince: number | undefined;

/** Work that is done in slices of some milliseconds each. */
export class LongWork {
  constructor() {
    noteTurn();
  }

  /** Called between two slices: waits for a turn of the event loop, or longer where all long work together has held it for long enough. */
  async pause(): Promise<void> {
    const now = performance.now();
    const took = Math.min(now - noteTurn(), longestMs);
    if (took < shortMs) {
      await turn();
    } else {
      await delay(took + reserveLongWork(took, now));
    }
    noteTurn();
  }
}

/** Since when long work holds the event loop: since now, where none did before in this turn. */
function noteTurn(): number {
  if (heldSince === undefined) {
    heldSince = performance.now();
    setImmediate(() => {
      heldSince = undefined;
    });
  }
  return heldSince;
}
