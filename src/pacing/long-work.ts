import {
  setImmediate as turn,
  setTimeout as delay,
} from "node:timers/promises";
import { createTurns } from "./turns.ts";
import type { Turn } from "./turns.ts";

/** For so long all long work together may hold the event loop without a pause, in milliseconds. */
const shortMs = 1;

/** So much of what a slice took counts, in milliseconds: the process may have been stopped meanwhile. */
const longestMs = 1000;

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

/** Lets long work that has no slices be done. */
const inTurn = createTurns(1);

/**
 * Does long work that cannot be cut into slices, such as to read a large message: one piece at a time, and behind each, others have the event
 * loop for as long as it took. A piece whose turn it is at once is done before this returns.
 *
 * @returns a promise that resolves when the next piece may be done, later than this one is
 * @throws the reason of the signal where that is aborted before the work is done, and what the work throws
 */
export function runLongWork(work: () => void, turn: Turn): Promise<void> {
  return inTurn(async () => {
    const slice = new LongWork();
    try {
      work();
    } finally {
      await slice.pause();
    }
  }, turn);
}
