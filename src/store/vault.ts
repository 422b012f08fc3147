/** The part of the port that is about the keys of the installation. What `store.ts` says holds here too. */

/** Why the key in the database is replaced: it was sealed by a master key, or there is a new one. */
export type KeyChange = "sealed" | "reset";

/** A key that signs access tokens. */
export interface SealedSigningKey {
  /** By which tokens name it. */
  readonly id: string;
  /** PKCS#8, sealed. */
  readonly privateKey: Uint8Array;
  /** When the last token has ended that it signed: it is not kept for longer. Milliseconds since 1970 UTC. */
  readonly endDate: number;
}

/** The part of the port that is about the installation's keys. The store knows nothing of what is in them. */
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
  /** All keys that sign, also those that have ended since. */
  listSigningKeys(): Promise<readonly SealedSigningKey[]>;
  /** Stores a key, unless there is one of its id: of two at once, the first. Those that have ended are removed. */
  addSigningKey(key: SealedSigningKey): Promise<void>;
}
