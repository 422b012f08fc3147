/** Runs pieces of work, as many at once as its maker said; the others wait, first come, first served. */
export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>;

/** @param concurrency how many pieces of work run at once */
export function createTurns(concurrency: number): InTurn {
  let running = 0;
  // A Set keeps the order, and gives its first entry away without moving the others.
  const waiting = new Set<() => void>();
  const finish = () => {
    running -= 1;
    for (const start of waiting) {
      waiting.delete(start);
      start();
      return;
    }
  };
  return async (work) => {
    if (running >= concurrency) {
      await new Promise<void>((resolve) => {
        waiting.add(() => {
          running += 1;
          resolve();
        });
      });
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      finish();
    }
  };
}
