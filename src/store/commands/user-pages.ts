import { setImmediate } from "node:timers/promises";
import { fromPageToken, toPageToken } from "./page-token.ts";
import type { PageEnd } from "./page-token.ts";
import type { Awaitable } from "../awaitable.ts";
import type { Page, PageRequest, StoredLockout, StoredUser } from "../users.ts";

/** Where a page of locked users begins. */
interface LockedAfter {
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

/** Reads the next items behind a place, as many as there are up to the limit. */
type ReadSlice<Item, Place> = (
  after: Place | undefined,
  limit: number,
) => Awaitable<readonly Item[]>;

/** How many users are read at once: some milliseconds, even if all have the maximum of aliases. */
const sliceSize = 25;

/** A page ends before the user with whom its JSON would be longer than this; it has one at least. */
const maxPageBytes = 1024 * 1024;

/** JSON of a lockout but for its texts, at most: numbers and times of five factors. */
const lockoutBytes = 900;

/** Reads a page of users in slices, between which others have their turn. */
export function readUserPage(
  page: PageRequest,
  read: ReadSlice<StoredUser, string>,
): Promise<Page<StoredUser>> {
  return readPage(page, userAfter(page), read, {
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
  read: ReadSlice<StoredLockout, LockedAfter>,
): Promise<Page<StoredLockout>> {
  return readPage(page, lockedAfter(page), read, {
    placeOf: ({ userId, view }) => ({
      time: view.user.lock?.time ?? 0,
      userId,
    }),
    endAt: ({ time, userId }) => ["locked", time, userId],
    bytesOf: ({ userId }) => lockoutBytes + jsonBytes(userId),
  });
}

interface PageOf<Item, Place> {
  readonly placeOf: (item: Item) => Place;
  readonly endAt: (place: Place) => PageEnd;
  readonly bytesOf: (item: Item) => number;
}

async function readPage<Item, Place>(
  { size }: PageRequest,
  start: Place | undefined,
  read: ReadSlice<Item, Place>,
  { placeOf, endAt, bytesOf }: PageOf<Item, Place>,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let bytes = 0;
  let after = start;
  for (;;) {
    // One more than fits says that there is a next page.
    const limit = Math.min(sliceSize, size + 1 - items.length);
    const slice = await read(after, limit);
    for (const item of slice) {
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
    const last = slice.at(-1);
    if (last === undefined || slice.length < limit) {
      return { items, next: undefined };
    }
    after = placeOf(last);
    await setImmediate();
  }
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
