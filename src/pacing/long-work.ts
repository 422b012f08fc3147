import {
  setImmediate as turn,
  setTimeout as delay,
} from "node:timers/promises";

/** For so long all long work together may hold the event loop without a pause, in milliseconds. */
const shortMs = 1;

/** So much of what a slice took counts, in milliseconds: it may have waited for a database. */
const longestMs = 10;

/** Time of one event loop, of which long work gets no more than half. */
export class LoopTime {
  /** When the next long work may begin, by `performance.now()`. */
  #freeAt = 0;

  /**
   * Reserves time for long work, and as much after it for everybody else: a login is some ten steps, which would have to wait for a
   * slice of long work each, if slices followed each other without a gap.
   *
   * @param ms what the work takes
   * @param now by `performance.now()`
   * @returns for how long it has to wait, in milliseconds; 0 for not at all
   */
  reserve(ms: number, now: number): number {
    const at = Math.max(now, this.#freeAt);
    this.#freeAt = at + 2 * ms;
    return at - now;
  }
}

/** All long work of the process shares its event loop. */
const loop = new LoopTime();

/** Reserves time for long work, in milliseconds: see {@link LoopTime.reserve}. */
export function reserveLongWork(ms: number): number {
  return loop.reserve(ms, performance.now());
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
      await delay(took + loop.reserve(took, now));
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
