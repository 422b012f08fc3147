/** Something that is on a roster, and knows where. */
export interface Listed {
  /** Set by the roster. */
  place: number;
}

/**
 * What is under way at the moment. A Set would do, but it moves into a new table every now and then: the old one, which by then is
 * in V8's old generation, keeps what was in it alive until the next full collection. At full load that was every request.
 */
export class Roster<Item extends Listed> {
  /** As long as the roster has ever been; empty from {@link Roster.#count} on. */
  readonly #items: (Item | undefined)[] = [];
  #count = 0;

  add(item: Item): void {
    item.place = this.#count;
    this.#items[this.#count] = item;
    this.#count += 1;
  }

  /** Takes an item off; nothing happens where it is not on it. */
  delete(item: Item): void {
    if (this.#items[item.place] !== item) {
      return;
    }
    this.#count -= 1;
    const last = this.#items[this.#count];
    this.#items[this.#count] = undefined;
    if (last === undefined || last === item) {
      return;
    }
    last.place = item.place;
    this.#items[item.place] = last;
  }

  clear(): void {
    this.#items.length = 0;
    this.#count = 0;
  }

  /** Calls for each item that is on it now, whatever the calls add and delete. */
  forEach(call: (item: Item) => void): void {
    for (const item of this.#items.slice(0, this.#count)) {
      if (item !== undefined && this.#items[item.place] === item) {
        call(item);
      }
    }
  }
}
