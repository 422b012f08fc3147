import { jsonBytes, readPage } from "./pages.ts";
import type { ReadSlice } from "./pages.ts";
import { fromPageToken } from "./page-token.ts";
import type {
  LockedFilter,
  StoredLockout,
  StoredUser,
  UserFilter,
} from "../users.ts";
import type { Page, PageRequest } from "../pages.ts";

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

function isFiltered(filter: object): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}
