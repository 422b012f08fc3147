import type { ContextKey, ContextValues } from "@connectrpc/connect";

interface Entry {
  readonly id: symbol;
  value: unknown;
  next: Entry | undefined;
}

/**
 * Connect's values of a call: a list, since a call has one or two. Connect's own are an object with three functions and properties
 * of their own for each call.
 */
export class CallValues implements ContextValues {
  #first: Entry | undefined;

  get<T>(key: ContextKey<T>): T {
    const entry = this.#find(key);
    return entry === undefined ? key.defaultValue : (entry.value as T);
  }

  set<T>(key: ContextKey<T>, value: T): this {
    const entry = this.#find(key);
    if (entry === undefined) {
      this.#first = { id: key.id, value, next: this.#first };
    } else {
      entry.value = value;
    }
    return this;
  }

  delete(key: ContextKey<unknown>): this {
    let before: Entry | undefined;
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      if (entry.id === key.id) {
        if (before === undefined) {
          this.#first = entry.next;
        } else {
          before.next = entry.next;
        }
        break;
      }
      before = entry;
    }
    return this;
  }

  #find({ id }: { readonly id: symbol }): Entry | undefined {
    let entry = this.#first;
    while (entry !== undefined && entry.id !== id) {
      entry = entry.next;
    }
    return entry;
  }
}
