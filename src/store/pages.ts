/** The part of the port that is about lists: they are read page by page. */

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** What to ask the next page with; undefined on the last one. */
  readonly next: string | undefined;
}

/** Which page of a list is asked for. */
export interface PageRequest {
  /** 1 to 10,000. */
  readonly size: number;
  /** `next` of the page before; undefined asks for the first. A text that no page gave throws RangeError. */
  readonly after: string | undefined;
}

/** Reads all pages of a list, one after the other. */
export async function* everyItem<Item>(
  read: (page: PageRequest) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const { items, next } = await read({ size: 1000, after });
    yield* items;
    after = next;
  } while (after !== undefined);
}
