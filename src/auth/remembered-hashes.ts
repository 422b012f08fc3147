/** Longer headers are hashed anew each time: blanks, which mean nothing, can make one of any length. */
const maxHeaderLength = 256;

/**
 * Hashes of secrets that led to a token, by the header that held them. They say nothing of whether the token is still there, and
 * save no more than the hashing.
 */
export class RememberedHashes {
  readonly #hashes = new Map<string, Uint8Array>();
  readonly #max: number;

  /** @param max how many are kept; the oldest goes first */
  constructor(max: number) {
    this.#max = max;
  }

  get(header: string): Uint8Array | undefined {
    return this.#hashes.get(header);
  }

  add(header: string, hash: Uint8Array): void {
    if (header.length > maxHeaderLength) {
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
