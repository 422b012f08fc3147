/** Runs a piece of work when it is its turn. */
export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>;

/**
 * Lists that are read at once: each may hold some megabytes until its response is written, and they share one event loop, so that more
 * at once would end no sooner.
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
      // Who comes next takes over the place.
      const next = waiting.shift();
      if (next === undefined) {
        running -= 1;
      } else {
        next();
      }
    }
  };
}
