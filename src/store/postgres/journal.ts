/** Changes that can be undone. Values are replaced, never changed in place, so undoing restores the old ones. */
export class Journal {
  readonly #undo: (() => void)[] = [];

  /** Runs a command; where it throws, all that it changed is undone. */
  run<T>(command: () => T): T {
    const before = this.#undo.length;
    try {
      return command();
    } catch (error) {
      while (this.#undo.length > before) {
        this.#undo.pop()?.();
      }
      throw error;
    }
  }

  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    if (map.has(key)) {
      const before = map.get(key) as V;
      this.#undo.push(() => map.set(key, before));
    } else {
      this.#undo.push(() => map.delete(key));
    }
    map.set(key, value);
  }

  push<T>(list: T[], value: T): void {
    list.push(value);
    this.#undo.push(() => list.pop());
  }

  /** What was done so far stays. */
  forget(): void {
    this.#undo.length = 0;
  }
}
