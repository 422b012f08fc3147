/** Whose turn a piece of work takes, and for how long it is wanted. */
export interface Turn {
  /** Those with the same key wait for each other; keys take turns. By default all have one key. */
  readonly of?: string;
  /** Aborted when nobody wants the work any more: then it no longer waits. Unless set, it waits until it runs. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a piece of work when it is its turn.
 *
 * @throws the reason of the signal where that is aborted while the work waits, and what the work throws
 */
export type InTurn = <Value>(
  work: () => Promise<Value>,
  turn?: Turn,
) => Promise<Value>;

/**
 * Runs so many pieces of work at once. The others wait: one of each key, by turns, those of a key in their order. So nobody waits for all
 * that somebody else asks for.
 *
 * @param concurrency how many pieces of work run at once
 */
export function createTurns(concurrency: number): InTurn {
  let running = 0;
  const queue = new TurnQueue();
  return async (work, { of = "", signal } = {}) => {
    signal?.throwIfAborted();
    if (running < concurrency) {
      running += 1;
    } else {
      await queue.wait(of, signal);
    }
    try {
      return await work();
    } finally {
      // The next one takes over this place.
      if (!queue.startNext()) {
        running -= 1;
      }
    }
  };
}

/** Those that wait, by their keys. What no longer waits leaves nothing here: what it would have worked on is freed. */
class TurnQueue {
  /** Whose turn it is, is first, in the map and in the sets. A key is here as long as one of its waits. */
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Waits for {@link startNext}. */
  wait(key: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const starts = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, starts);
      const abort = () => {
        starts.delete(start);
        if (starts.size === 0) {
          this.#waiting.delete(key);
        }
        // As AbortSignal.throwIfAborted does: the reason is for who aborts to choose.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(signal?.reason);
      };
      const start = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      starts.add(start);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Says whether there was one. */
  startNext(): boolean {
    for (const [key, starts] of this.#waiting) {
      this.#waiting.delete(key);
      for (const start of starts) {
        starts.delete(start);
        if (starts.size > 0) {
          // Behind all others.
          this.#waiting.set(key, starts);
        }
        start();
        return true;
      }
    }
    return false;
  }
}
