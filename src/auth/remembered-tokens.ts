/** So many bytes of tokens are remembered of each kind: about as many as are in use, and no more, whatever their length. */
const maxBytes = 4 * 1024 * 1024;

/** What an entry costs beside its text: what the token says in short texts, and its place in the map. */
const entryBytes = 1024;

/**
 * What tokens say, by their texts: of those that were verified. It only saves the verification, so what ends a token must be looked at each
 * time. The oldest goes first.
 */
export class RememberedTokens<Said> {
  readonly #said = new Map<string, Said>();
  readonly #sizeOf: (said: Said) => number;
  #bytes = 0;

  /** @param sizeOf how many bytes a value holds beyond texts that its token has */
  constructor(sizeOf: (said: Said) => number = () => 0) {
    this.#sizeOf = sizeOf;
  }

  get(text: string): Said | undefined {
    return this.#said.get(text);
  }

  /** Remembers it, in the place of what was known. */
  add(text: string, said: Said): void {
    this.delete(text);
    this.#bytes += this.#bytesOf(text, said);
    this.#said.set(copyOf(text), said);
    for (const oldest of this.#said.keys()) {
      if (this.#bytes <= maxBytes) {
        return;
      }
      this.delete(oldest);
    }
  }

  /** How many bytes are held, by a careful estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  delete(text: string): void {
    const said = this.#said.get(text);
    if (said !== undefined && this.#said.delete(text)) {
      this.#bytes -= this.#bytesOf(text, said);
    }
  }

  /** What a token says in texts is as long as its own once more, at most, in characters of two bytes. */
  #bytesOf(text: string, said: Said): number {
    return entryBytes + 3 * text.length + this.#sizeOf(said);
  }
}

/** A part of a string keeps all of it in memory: of a header, that may be many blanks. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
