import type { ContextKey, ContextValues } from "@connectrpc/connect";

/** Connect's values of a call. Its own are an object with three functions and properties of their own for each call. */
export class CallValues implements ContextValues {
  readonly #values = new Map<symbol, unknown>();

  get<T>(key: ContextKey<T>): T {
    return this.#values.has(key.id)
      ? (this.#values.get(key.id) as T)
      : key.defaultValue;
  }

  set<T>(key: ContextKey<T>, value: T): this {
    this.#values.set(key.id, value);
    return this;
  }

  delete(key: ContextKey<unknown>): this {
    this.#values.delete(key.id);
    return this;
  }
}
