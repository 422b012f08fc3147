/** Something that is on a roster, and knows where. */
export interface Listed {
  /** Set by the roster. */
  place: number;
}

/**
 * A set of open requests or connections. A `Set` moves its entries into a new table now and then. The old table is in V8's old
 * generation by then, and keeps all its entries alive until the next full collection: at full load, every request.
 */
export class Roster<Item extends Listed> {
  /** As long as the longest that the roster was; empty from {@link Roster.#count} on. */
  readonly #items: (Item | undefined)[] = [];
  #count = 0;

  add(item: Item): void {
    item.place = this.#count;
    this.#items[this.#count] = item;
    this.#count += 1;
  }

  /** Removes an item, if it is there. */
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

  /** Calls for each item that is there now; calls may add and delete items. */
  forEach(call: (item: Item) => void): void {
    for (const item of this.#items.slice(0, this.#count)) {
      if (item !== undefined && this.#items[item.place] === item) {
        call(item);
      }
    }
  }
}
