interface Waiting<Value> {
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads that wait together share a round trip. A read joins only those that are not sent yet, so it sees all that was committed
 * before it was asked for.
 *
 * @param load reads what there is of some keys, by key
 */
export function createLookups<Value>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  let waiting = new Map<string, Waiting<Value>[]>();
  let scheduled = false;

  const flush = () => {
    const asked = waiting;
    waiting = new Map();
    scheduled = false;
    load([...asked.keys()]).then(
      (found) => {
        for (const [key, callers] of asked) {
          for (const { resolve } of callers) {
            resolve(found.get(key));
          }
        }
      },
      (error: unknown) => {
        for (const callers of asked.values()) {
          for (const { reject } of callers) {
            reject(error);
          }
        }
      },
    );
  };
  return (key) =>
    new Promise((resolve, reject) => {
      const callers = waiting.get(key) ?? [];
      callers.push({ resolve, reject });
      waiting.set(key, callers);
      if (scheduled) {
        return;
      }
      scheduled = true;
      setImmediate(flush);
    });
}
