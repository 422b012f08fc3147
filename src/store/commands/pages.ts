import { LongWork } from "../../pacing/long-work.ts";
import type { Awaitable } from "../awaitable.ts";
import type { Page, PageRequest } from "../pages.ts";
import { toPageToken } from "../page-token.ts";
import type { PageEnd } from "../page-token.ts";

/** What was read at once: the items that fit. */
export interface Slice<Item, Place> {
  readonly items: readonly Item[];
  /** Where the next slice begins; undefined where nothing is left. */
  readonly next: Place | undefined;
}

/** Reads the next slice behind a place: so many rows, of which some fit. */
export type ReadSlice<Item, Place> = (
  after: Place | undefined,
  rows: number,
) => Awaitable<Slice<Item, Place>>;

/** How many items are read at once: some milliseconds, even if all are users with the maximum of aliases. */
const sliceSize = 8;

/** So many rows are looked through at once where few may fit. */
const filteredRows = 32;

/** A page ends after so many slices: it may have few items, and goes on in the next. */
const maxSlices = 600;

/** A page ends before the user with whom its JSON would be longer than this; it has one at least. */
export const maxPageBytes = 1024 * 1024;

/** Where a filter looks at nothing but the rows themselves, so many are looked through at once: a few milliseconds. */
export const rowsAtOnce = 1000;

/** Counts what fits, in slices of so many rows. */
export async function countSlices<Place>(
  read: ReadSlice<unknown, Place>,
  rows = filteredRows,
): Promise<number> {
  const work = new LongWork();
  let count = 0;
  let after: Place | undefined;
  for (;;) {
    const { items, next } = await read(after, rows);
    count += items.length;
    if (next === undefined) {
      return count;
    }
    after = next;
    await work.pause();
  }
}

/** How a list is made into pages. */
export interface PageOf<Item, Place> {
  /** Whether rows are left out. */
  readonly isFiltered: boolean;
  readonly placeOf: (item: Item) => Place;
  readonly endAt: (place: Place) => PageEnd;
  readonly bytesOf: (item: Item) => number;
}

/** Reads a page in slices, between which others have their turn. */
export async function readPage<Item, Place>(
  { size }: PageRequest,
  start: Place | undefined,
  read: ReadSlice<Item, Place>,
  { isFiltered, placeOf, endAt, bytesOf }: PageOf<Item, Place>,
): Promise<Page<Item>> {
  const work = new LongWork();
  const items: Item[] = [];
  let bytes = 0;
  let after = start;
  for (let slices = 1; ; slices += 1) {
    // One more than fits says that there is a next page.
    const rows = isFiltered
      ? filteredRows
      : Math.min(sliceSize, size + 1 - items.length);
    const { items: found, next } = await read(after, rows);
    for (const item of found) {
      bytes += bytesOf(item);
      const last = items.at(-1);
      if (
        last !== undefined &&
        (items.length === size || bytes > maxPageBytes)
      ) {
        return { items, next: toPageToken(endAt(placeOf(last))) };
      }
      items.push(item);
    }
    if (next === undefined) {
      return { items, next: undefined };
    }
    if (isFiltered && slices === maxSlices) {
      return { items, next: toPageToken(endAt(next)) };
    }
    after = next;
    await work.pause();
  }
}

/** How many bytes a text has in JSON. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
