/** The part of the port that is about the key from which all keys of the installation come. What `store.ts` says holds here too. */

/** Why the key in the database is replaced: it was sealed by a master key, or there is a new one. */
export type KeyChange = "sealed" | "reset";

/** The part of the port that is about the installation's key. The store knows nothing of what is in it. */
export interface VaultStore {
  /** The key as it is stored; undefined before a server has made one. */
  findDataKey(): Promise<Uint8Array | undefined>;
  /** Stores the first one, and returns what is stored then: of two at once, the first. */
  addDataKey(dataKey: Uint8Array): Promise<Uint8Array>;
  /**
   * Stores another one in the place of `before`, with the event of the instance where there is one, and returns what is stored then: where
   * `before` has gone meanwhile, what has taken its place.
   */
  replaceDataKey(
    before: Uint8Array,
    dataKey: Uint8Array,
    change: KeyChange,
  ): Promise<Uint8Array>;
}
