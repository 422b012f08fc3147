/** Headers beyond this length are hashed each time and not remembered: insignificant blanks can make one of any length. */
const maxHeaderLength = 256;

/**
 * Hashes of secrets for which there was a token, by the header that had them. They only save the hashing: the token may have been revoked
 * since.
 */
export class RememberedHashes {
  readonly #hashes = new Map<string, Uint8Array>();
  readonly #max: number;

  /** @param max how many are kept; the oldest is removed first */
  constructor(max: number) {
    this.#max = max;
  }

  get(header: string): Uint8Array | undefined {
    return this.#hashes.get(header);
  }

  add(header: string, hash: Uint8Array): void {
    if (header.length > maxHeaderLength || this.#hashes.has(header)) {
      return;
    }
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size >= this.#max && oldest !== undefined) {
      this.#hashes.delete(oldest);
    }
    this.#hashes.set(header, hash);
  }

  delete(header: string): void {
    this.#hashes.delete(header);
  }
}
