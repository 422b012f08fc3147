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
  const memories: Map<unknown, unknown>[] = [];
  const forget = () => {
    for (const memory of memories) {
      memory.clear();
    }
  };
  const createMap = <Key, Found>(): Map<Key, Found> => {
    const memory = new Map<Key, Found>();
    memories.push(memory);
    return memory;
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
      const memory = createMap<"value", ReturnType<typeof find>>();
      const set = (value: ReturnType<typeof find>) => {
        if (open) {
          memory.set("value", value);
        }
      };
      return {
        get: () => {
          const known = memory.get("value");
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
      const memory = createMap<
        Parameters<typeof find>[0],
        ReturnType<typeof find>
      >();
      return (key) => {
        const known = memory.get(key);
        if (known !== undefined) {
          return known;
        }
        const found = find(key);
        if (open) {
          memory.set(key, found);
        }
        return found;
      };
    },
  };
}
