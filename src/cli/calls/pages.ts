/** A page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Asks for the next page; empty on the last one. */
  readonly next: string;
}

/** The items of all pages of a list, as they come. */
export async function* everyItem<Item>(
  read: (pageToken: string) => Promise<ListPage<Item>>,
): AsyncGenerator<Item> {
  let pageToken = "";
  do {
    const { items, next } = await read(pageToken);
    yield* items;
    pageToken = next;
  } while (pageToken !== "");
}

/** All items of a list. */
export function allItems<Item>(
  read: (pageToken: string) => Promise<ListPage<Item>>,
): Promise<readonly Item[]> {
  return collect(everyItem(read));
}

/** Items as they come, all at the end. */
export async function collect<Item>(
  items: AsyncIterable<Item>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) {
    all.push(item);
  }
  return all;
}
