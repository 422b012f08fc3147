/**
 * What the commands of one transaction need to look up only once: while it lasts nobody else writes. Outside of a transaction
 * nothing is remembered.
 */
export interface TransactionMemory {
  begin(): void;
  /** Forgets everything: something that it depends on was written or rolled back. */
  forget(): void;
  end(): void;
  /** Remembers one value. */
  value<Value>(find: () => Value): RememberedValue<Value>;
  /** Makes a look-up that remembers what it found for each key. */
  lookUp<Key, Found>(find: (key: Key) => Found): (key: Key) => Found;
}

/** A value that is looked up once in a transaction. */
export interface RememberedValue<Value> {
  get(): Value;
  /** For who has written another one. */
  set(value: Value): void;
}

/** Makes a memory that is empty and outside of a transaction. */
export function createTransactionMemory(): TransactionMemory {
  let open = false;
  const memories: (() => void)[] = [];
  const forget = () => {
    for (const forgetOne of memories) {
      forgetOne();
    }
  };
  return {
    begin: () => {
      forget();
      open = true;
    },
    forget,
    end: () => {
      open = false;
      forget();
    },
    value: (find) => {
      let known: ReturnType<typeof find> | undefined;
      memories.push(() => {
        known = undefined;
      });
      const set = (value: ReturnType<typeof find>) => {
        if (open) {
          known = value;
        }
      };
      return {
        get: () => {
          if (known !== undefined) {
            return known;
          }
          const found = find();
          set(found);
          return found;
        },
        set,
      };
    },
    lookUp: (find) => {
      const known = new Map<
        Parameters<typeof find>[0],
        ReturnType<typeof find>
      >();
      memories.push(() => {
        // To clear a map makes a new table for it.
        if (known.size > 0) {
          known.clear();
        }
      });
      return (key) => {
        const remembered = known.get(key);
        if (remembered !== undefined) {
          return remembered;
        }
        const found = find(key);
        if (open) {
          known.set(key, found);
        }
        return found;
      };
    },
  };
}
