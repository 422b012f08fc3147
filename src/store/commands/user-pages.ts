import { setImmediate } from "node:timers/promises";
import { fromPageToken, toPageToken } from "./page-token.ts";
import type { PageEnd } from "./page-token.ts";
import type { Awaitable } from "../awaitable.ts";
import type {
  LockedFilter,
  Page,
  PageRequest,
  StoredLockout,
  StoredUser,
  UserFilter,
} from "../users.ts";

/** Where a page of locked users begins. */
export interface LockedAfter {
  readonly time: number;
  readonly userId: string;
}

/** The user behind whom a page begins. @throws RangeError where the token is not of such a page */
function userAfter({ after }: PageRequest): string | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, userId] = fromPageToken(after, "users");
  if (typeof userId !== "string") {
    throw new RangeError("not a page of users");
  }
  return userId;
}

/** The locked user behind whom a page begins. @throws RangeError where the token is not of such a page */
function lockedAfter({ after }: PageRequest): LockedAfter | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, time, userId] = fromPageToken(after, "locked");
  if (typeof time !== "number" || typeof userId !== "string") {
    throw new RangeError("not a page of locked users");
  }
  return { time, userId };
}

/** What was read at once: the items that fit. */
export interface Slice<Item, Place> {
  readonly items: readonly Item[];
  /** Where the next slice begins; undefined where nothing is left. */
  readonly next: Place | undefined;
}

/** Reads the next slice behind a place: so many rows, of which some fit. */
type ReadSlice<Item, Place> = (
  after: Place | undefined,
  rows: number,
) => Awaitable<Slice<Item, Place>>;

/** How many users are read at once: some milliseconds, even if all have the maximum of aliases. */
const sliceSize = 25;

/** So many rows are looked through at once where few may fit. */
const filteredRows = 100;

/** A page ends after so many slices: it may have few items, and goes on in the next. */
const maxSlices = 200;

/** A page ends before the user with whom its JSON would be longer than this; it has one at least. */
const maxPageBytes = 1024 * 1024;

/** JSON of a lockout but for its texts, at most: numbers and times of five factors. */
const lockoutBytes = 900;

/** Reads a page of users in slices, between which others have their turn. */
export function readUserPage(
  page: PageRequest,
  filter: UserFilter,
  read: ReadSlice<StoredUser, string>,
): Promise<Page<StoredUser>> {
  return readPage(page, userAfter(page), read, {
    isFiltered: isFiltered(filter),
    placeOf: ({ userId }) => userId,
    endAt: (userId) => ["users", userId],
    bytesOf: ({ userId, orgId, aliases }) =>
      [userId, orgId, ...aliases].reduce(
        (sum, text) => sum + jsonBytes(text),
        100,
      ),
  });
}

/** The same of locked users. */
export function readLockedPage(
  page: PageRequest,
  filter: LockedFilter,
  read: ReadSlice<StoredLockout, LockedAfter>,
): Promise<Page<StoredLockout>> {
  return readPage(page, lockedAfter(page), read, {
    isFiltered: isFiltered({ ...filter, since: undefined }),
    placeOf: ({ userId, view }) => ({
      time: view.user.lock?.time ?? 0,
      userId,
    }),
    endAt: ({ time, userId }) => ["locked", time, userId],
    bytesOf: ({ userId }) => lockoutBytes + jsonBytes(userId),
  });
}

/** Counts what fits, in slices. */
export async function countSlices<Place>(
  read: ReadSlice<unknown, Place>,
): Promise<number> {
  let count = 0;
  let after: Place | undefined;
  for (;;) {
    const { items, next } = await read(after, filteredRows);
    count += items.length;
    if (next === undefined) {
      return count;
    }
    after = next;
    await setImmediate();
  }
}

function isFiltered(filter: object): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

interface PageOf<Item, Place> {
  /** Whether rows are left out. */
  readonly isFiltered: boolean;
  readonly placeOf: (item: Item) => Place;
  readonly endAt: (place: Place) => PageEnd;
  readonly bytesOf: (item: Item) => number;
}

async function readPage<Item, Place>(
  { size }: PageRequest,
  start: Place | undefined,
  read: ReadSlice<Item, Place>,
  { isFiltered, placeOf, endAt, bytesOf }: PageOf<Item, Place>,
): Promise<Page<Item>> {
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
    await setImmediate();
  }
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
