import { LongWork } from "../../pacing/long-work.ts";
import type { FoundUser } from "../users.ts";
import type { Page, PageRequest } from "../pages.ts";
import { jsonBytes, maxPageBytes } from "./pages.ts";
import { fromPageToken, toPageToken } from "../page-token.ts";
import { lockoutBytes } from "./user-pages.ts";

/** How users are looked for, in this order: by what their ids begin with, by what an alias begins with, then by any other part. */
const phases = ["ids", "aliases", "parts"] as const;

/** One of {@link phases}: of each, users are in the order of their own places. */
export type FindPhase = (typeof phases)[number];

/** What a slice of a phase has: {@link foundAtOnce} users, or fewer where no more are among the rows that it looks through. */
export interface FoundSlice {
  readonly items: readonly {
    readonly place: string;
    readonly found: FoundUser;
  }[];
  /** Behind which place the next slice begins; undefined where the phase is over. */
  readonly next: string | undefined;
}

/** Reads the next slice of a phase, behind a place; undefined for the first. */
export type ReadFound = (
  phase: FindPhase,
  after: string | undefined,
) => FoundSlice | Promise<FoundSlice>;

/** So many users are found and described at once: some milliseconds, even if all have the maximum of aliases. */
export const foundAtOnce = 8;

/** So many aliases are looked through at once: their users may have been found before, by the id or another alias. */
export const aliasesAtOnce = 64;

/** So many users are looked through at once for a part of an id or alias: some milliseconds. */
export const searchedAtOnce = 256;

/**
 * So many slices that are not full a page looks through where it has found nobody, and where it has: whoever looks for somebody waits no longer than it takes to
 * look up what the name begins with, and a small organisation is looked through in one page.
 */
const maxSearches = { nobody: 80, somebody: 8 };

/**
 * Reads a page of the users who are found, in slices, between which others have their turn.
 *
 * @param signal looked at before each slice: aborted when nobody wants the page any more
 * @throws RangeError where the token is none, and the reason of the signal where that is aborted
 */
export async function readFoundPage(
  { size, after }: PageRequest,
  read: ReadFound,
  signal?: AbortSignal,
): Promise<Page<FoundUser>> {
  let { phase, place } = startOf(after);
  const work = new LongWork();
  const items: FoundUser[] = [];
  let bytes = 0;
  let searches = 0;
  let end = { phase, place };
  const pageUpTo = ({ phase, place }: Start): Page<FoundUser> => ({
    items,
    next: toPageToken(["found", phase, place ?? ""]),
  });
  for (;;) {
    signal?.throwIfAborted();
    const slice = await read(phase, place);
    for (const item of slice.items) {
      bytes += bytesOf(item.found);
      if (items.length > 0 && (items.length === size || bytes > maxPageBytes)) {
        return pageUpTo(end);
      }
      items.push(item.found);
      end = { phase, place: item.place };
    }
    if (slice.next === undefined) {
      const next = phases[phases.indexOf(phase) + 1];
      if (next === undefined) {
        return { items, next: undefined };
      }
      [phase, place] = [next, undefined];
    } else {
      place = slice.next;
      // Full slices are no more than fill the page.
      searches += slice.items.length < foundAtOnce ? 1 : 0;
    }
    const most = items.length > 0 ? maxSearches.somebody : maxSearches.nobody;
    if (searches > most) {
      return pageUpTo({ phase, place });
    }
    await work.pause();
  }
}

interface Start {
  readonly phase: FindPhase;
  readonly place: string | undefined;
}

function startOf(after: string | undefined): Start {
  if (after === undefined) {
    return { phase: "ids", place: undefined };
  }
  const [, name, place, ...others] = fromPageToken(after, "found");
  const phase = phases.find((each) => each === name);
  if (phase === undefined || typeof place !== "string" || others.length > 0) {
    throw new RangeError("not a page of users who were found");
  }
  return { phase, place: place === "" ? undefined : place };
}

/** JSON has the aliases twice: of the user, and of the lockout. */
function bytesOf({ user, lockout }: FoundUser): number {
  return [user.userId, ...user.aliases, lockout.userId, ...user.aliases].reduce(
    (sum, text) => sum + jsonBytes(text),
    lockoutBytes,
  );
}
