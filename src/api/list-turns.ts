/** Runs a piece of work when it is its turn. */
export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>;

/**
 * How many lists are read at once. Each may hold some megabytes until its response is sent, and all share one event loop: more at once would
 * not end sooner.
 */
const listsAtOnce = 2;

/** Lets a few lists be read at once, and the others wait, first come, first served. */
export function createListTurns(): InTurn {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running === listsAtOnce) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // The next one takes over this place.
      const next = waiting.shift();
      if (next === undefined) {
        running -= 1;
      } else {
        next();
      }
    }
  };
}
