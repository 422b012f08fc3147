import { countSlices, jsonBytes, readPage, rowsAtOnce } from "./pages.ts";
import type { ReadSlice } from "./pages.ts";
import { fromPageToken } from "../page-token.ts";
import type {
  LockedFilter,
  LockedOrder,
  LockedScope,
  StoredLockout,
  StoredUser,
  UserFilter,
} from "../users.ts";
import type { Page, PageRequest } from "../pages.ts";

/** Where a page of locked users begins. */
export interface LockedAfter {
  readonly time: number;
  readonly orgId: string;
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

/** Each list has tokens of its own. */
function lockedList({ orgId }: LockedScope, order: LockedOrder): string {
  const list = orgId === undefined ? "locked everywhere" : "locked";
  return order === "oldest first" ? list : `${list}, ${order}`;
}

/** The locked user behind whom a page begins. @throws RangeError where the token is not of such a page */
function lockedAfter(
  { after }: PageRequest,
  list: string,
): LockedAfter | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, time, userId, orgId = ""] = fromPageToken(after, list);
  if (
    typeof time !== "number" ||
    typeof userId !== "string" ||
    typeof orgId !== "string"
  ) {
    throw new RangeError("not a page of locked users");
  }
  return { time, userId, orgId };
}

/** JSON of a lockout but for its texts, at most: numbers and times of five factors. */
export const lockoutBytes = 1600;

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

/** A locked user with the place in the list, which is the stored one: a lock that has ended counts there until its end is written. */
export interface ListedLockout extends StoredLockout {
  readonly place: LockedAfter;
}

/** The same of locked users. */
export function readLockedPage(
  page: PageRequest,
  scope: LockedScope,
  filter: LockedFilter,
  order: LockedOrder,
  read: ReadSlice<ListedLockout, LockedAfter>,
): Promise<Page<StoredLockout>> {
  const list = lockedList(scope, order);
  return readPage(page, lockedAfter(page, list), read, {
    isFiltered: isFiltered({ ...filter, since: undefined }),
    placeOf: ({ place }) => place,
    endAt: ({ time, orgId, userId }) =>
      scope.orgId === undefined
        ? [list, time, userId, orgId]
        : [list, time, userId],
    bytesOf: ({ userId, description }) =>
      [userId, ...(description?.aliases ?? [])].reduce(
        (sum, text) => sum + jsonBytes(text),
        lockoutBytes,
      ),
  });
}

/** Counts locked users. */
export function countLockedUsers(
  { prefix, fromAddress }: LockedFilter,
  read: ReadSlice<unknown, LockedAfter>,
): Promise<number> {
  return prefix === undefined && fromAddress === undefined
    ? countSlices(read, rowsAtOnce)
    : countSlices(read);
}

function isFiltered(filter: object): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}
