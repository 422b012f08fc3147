import { fromPageToken, toPageToken } from "./page-token.ts";
import type { StoredSubject } from "./tables.ts";
import type {
  Page,
  PageRequest,
  StoredLockout,
  StoredUser,
} from "./user-store.ts";

/** Where a page of locked users begins. */
export interface LockedAfter {
  readonly time: number;
  readonly userId: string;
}

/** The user behind whom a page begins. Throws RangeError where the token is not of such a page. */
export function userAfter({ after }: PageRequest): string | undefined {
  if (after === undefined) return undefined;
  const [, userId] = fromPageToken(after, "users");
  if (typeof userId !== "string") throw new RangeError("not a page of users");
  return userId;
}

/** The locked user behind whom a page begins. Throws RangeError where the token is not of such a page. */
export function lockedAfter({ after }: PageRequest): LockedAfter | undefined {
  if (after === undefined) return undefined;
  const [, time, userId] = fromPageToken(after, "locked");
  if (typeof time !== "number" || typeof userId !== "string")
    throw new RangeError("not a page of locked users");
  return { time, userId };
}

/** A page of what was found: one more than fits if there is a next page. */
export function userPage(
  found: readonly StoredSubject[],
  page: PageRequest,
  toItem: (stored: StoredSubject) => StoredUser,
): Page<StoredUser> {
  return toPage(found, page, toItem, ({ userId }) => ["users", userId]);
}

/** The same of locked users. */
export function lockedPage(
  found: readonly StoredSubject[],
  page: PageRequest,
  toItem: (stored: StoredSubject) => StoredLockout,
): Page<StoredLockout> {
  return toPage(found, page, toItem, ({ userId, view }) => [
    "locked",
    view.user.lock?.time ?? 0,
    userId,
  ]);
}

function toPage<Item>(
  found: readonly StoredSubject[],
  { size }: PageRequest,
  toItem: (stored: StoredSubject) => Item,
  endAt: (item: Item) => readonly (string | number)[],
): Page<Item> {
  const items = found.slice(0, size).map(toItem);
  const last = items.at(-1);
  const more = found.length > size && last !== undefined;
  return { items, next: more ? toPageToken(endAt(last)) : undefined };
}
