/** So many bytes of tokens are remembered of each kind: about as many as are in use, and no more, whatever their length. */
const maxBytes = 4 * 1024 * 1024;

/** What an entry costs beside its text: what the token says, and its place in the map. */
const entryBytes = 1024;

/**
 * What tokens say, by their texts: of those that were verified. It only saves the verification, so what ends a token must be looked at each
 * time. The oldest goes first.
 */
export class RememberedTokens<Said> {
  readonly #said = new Map<string, Said>();
  #bytes = 0;

  get(text: string): Said | undefined {
    return this.#said.get(text);
  }

  /** Remembers it, in the place of what was known. */
  add(text: string, said: Said): void {
    this.delete(text);
    this.#bytes += bytesOf(text);
    this.#said.set(text, said);
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
    if (this.#said.delete(text)) {
      this.#bytes -= bytesOf(text);
    }
  }
}

/** Claims are as long as the text once more, at most, in characters of two bytes. */
function bytesOf(text: string): number {
  return entryBytes + 3 * text.length;
}
