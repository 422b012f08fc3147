/**
 * Lists of users, as every engine reads them: in slices of rows, of which some fit the filter. What a filter looks at is read for the
 * rows of the slice alone, so that no statement goes through all users, however few fit.
 */
import type { EventPayload } from "../../lockout/events/event.ts";
import type { StoredSubject } from "../commands/tables.ts";
import type { LockedAfter } from "../commands/user-pages.ts";
import type { LockReason } from "../../lockout/user/lock.ts";
import type {
  LockedFilter,
  LockedOrder,
  LockedScope,
  UserFilter,
} from "../users.ts";
import {
  latestLock,
  placedLocks,
  withoutEnded,
} from "../../lockout/user/lock.ts";
import type { Closed, Locks, PlacedLock } from "../../lockout/user/lock.ts";
import { lockFactorOf } from "../../lockout/user/user-events.ts";
import { lastLockSql } from "./last-lock.ts";
import { isOfNoRemovedOrg, isOfRemovedOrg } from "./removed-orgs.ts";
import { subjectColumns, toSubject } from "./rows.ts";
import type { SubjectRow } from "./rows.ts";

/** A row of a slice, with what its filter looks at. */
export interface ListedRow extends SubjectRow {
  /** Whether an alias fits; where none is looked for, it is of no account. */
  readonly alias_fits: number | boolean | null;
  /** Whether the organisation was removed, in lists of all users. */
  readonly is_gone?: number | boolean;
  /** When the last lock began: the user's, or one of a factor. */
  readonly last_lock: number | null;
  /** What the events of locks say, the last one first, where that is looked for: each by its type and payload, in lines. */
  readonly lock_events: string | null;
}

/** What both lists ask for, by name: SQL of one engine names them in its own way. */
export interface SliceValues {
  readonly orgId: string;
  /** So many rows. */
  readonly limit: number;
  /** What is looked for in aliases; empty where nothing is. */
  readonly folded: string;
}

/** What the list of users asks for. */
export interface UserSliceValues extends SliceValues {
  /** Of the user behind whom the slice begins; empty for the first slice. */
  readonly afterId: string;
}

/** What the list of locked users asks for. */
export interface LockedSliceValues extends UserSliceValues {
  readonly since: number;
  /** When that user was locked. */
  readonly afterTime: number;
  /** Whose user that is. */
  readonly afterOrg: string;
  /** 1 where the event of the lock is looked for, else 0. */
  readonly seesEvents: number;
}

/** Which of the lists of locked users is asked for: each has a statement of its own. */
export interface LockedSliceKind {
  /** Whether the list has the users of all organisations. */
  readonly isEverywhere: boolean;
  readonly order: LockedOrder;
}

/** All of these lists. */
export const lockedSliceKinds: readonly LockedSliceKind[] = [
  { isEverywhere: false, order: "oldest first" },
  { isEverywhere: false, order: "newest first" },
  { isEverywhere: true, order: "oldest first" },
  { isEverywhere: true, order: "newest first" },
];

/** How an engine names a value in SQL. */
type Named<Values> = (name: keyof Values & string) => string;

/** The next users by id. */
export function userSliceSql(named: Named<UserSliceValues>): string {
  const part = textSql(named("folded"));
  return `SELECT ${subjectColumns}, ${aliasSql(part, `replace(a.folded, ${part}, '') <> a.folded`)}, NULL AS lock_events,
      NULL AS last_lock
    FROM (SELECT * FROM subjects WHERE org_id = ${named("orgId")} AND user_id > ${named("afterId")}
      ORDER BY user_id LIMIT ${named("limit")}) AS s
    ORDER BY user_id`;
}

/** So many locks of a user are looked at, the last first: behind one that stays others may come, of factors that go on. */
const maxLockEvents = 100;

/** The next locked users, by the time of the last lock, then by organisation and id. */
export function lockedSliceSql(
  { isEverywhere, order }: LockedSliceKind,
  named: Named<LockedSliceValues>,
): string {
  const prefix = textSql(named("folded"));
  const [way, behind] = order === "oldest first" ? ["ASC", ">"] : ["DESC", "<"];
  const lastLock = `(${lastLockSql})`;
  const others = isEverywhere ? ["org_id", "user_id"] : ["user_id"];
  const orderedBy = (first: string) =>
    [first, ...others].map((column) => `${column} ${way}`).join(", ");
  const place = isEverywhere
    ? `(${named("afterTime")}, ${named("afterOrg")}, ${named("afterId")})`
    : `(${named("afterTime")}, ${named("afterId")})`;
  // Looked at behind the limit: there may be any number of them.
  const isGone = isEverywhere
    ? `${isOfRemovedOrg("s.org_id")} AS is_gone, `
    : "";
  return `SELECT ${subjectColumns}, last_lock, ${isGone}${aliasSql(prefix, `substr(a.folded, 1, length(${prefix})) = ${prefix}`)},
      CASE WHEN ${named("seesEvents")} = 1 THEN (
        SELECT string_agg(l.type || ' ' || l.payload, '\n' ORDER BY l.sequence DESC) FROM (
          SELECT e.type, e.payload, e.sequence FROM events e
          WHERE e.aggregate_id = s.user_id AND e.aggregate_type = 'user' AND e.resource_owner = s.org_id
            AND e.type IN ('user.locked', 'user.factor.locked')
          ORDER BY e.sequence DESC LIMIT ${maxLockEvents}) AS l) END AS lock_events
    FROM (SELECT *, ${lastLock} AS last_lock FROM subjects WHERE ${isEverywhere ? "" : `org_id = ${named("orgId")} AND `}user_id IS NOT NULL
        AND ${lastLockSql} IS NOT NULL AND ${lastLock} >= ${named("since")} AND (${[lastLock, ...others].join(", ")}) ${behind} ${place}
      ORDER BY ${orderedBy(lastLock)} LIMIT ${named("limit")}) AS s
    ORDER BY ${orderedBy("last_lock")}`;
}

/** Why a factor is locked. */
const factorReasons: readonly LockReason[] = [
  ...(["password_attempts", "otp_attempts", "ceiling"] as const),
];

/**
 * The count of locked login names that lead to nobody: as {@link lockedSliceSql}. One with a factor whose lock has ended, and another whose lock has
 * not, is left out until that end is written, seconds later.
 */
export function countLockedNamesSql(
  isEverywhere: boolean,
  named: Named<LockedNamesValues>,
): string {
  const reasons = textSql(named("reasons"));
  const since = named("since");
  const now = named("now");
  const isAsked = (reason: string) =>
    `replace(${reasons}, ' ' || ${reason} || ' ', '') <> ${reasons}`;
  const isFactorAsked = factorReasons
    .map(
      (reason) =>
        `${isAsked(`'${reason}'`)} AND factor_locks LIKE '%"reason":"${reason}"%'`,
    )
    .join(" OR ");
  return `SELECT count(*) AS count FROM subjects WHERE ${isEverywhere ? `${isOfNoRemovedOrg("org_id")} AND ` : `org_id = ${named("orgId")} AND `}name_hash IS NOT NULL
    AND ${lastLockSql} IS NOT NULL AND ${lastLockSql} >= ${since} AND (
      lock_time >= ${since} AND (lock_end IS NULL OR lock_end > ${now}) AND (${reasons} = '' OR ${isAsked("lock_reason")})
      OR factor_lock_time >= ${since} AND (factor_lock_end IS NULL OR factor_lock_end > ${now}) AND (${reasons} = '' OR ${isFactorAsked}))`;
}

/** What that count asks for. */
export interface LockedNamesValues {
  readonly orgId: string;
  readonly since: number;
  readonly now: number;
  /** Between blanks; empty for all. */
  readonly reasons: string;
}

/** Before every time there is. */
const longAgo = Number.MIN_SAFE_INTEGER;

/** What a slice of a list asks for. */
export function lockedSliceValues(
  { orgId }: LockedScope,
  { since = longAgo, prefix, fromAddress }: LockedFilter,
  order: LockedOrder,
  after: LockedAfter | undefined,
  limit: number,
): LockedSliceValues {
  return {
    ...{ orgId: orgId ?? "", limit, since },
    afterTime:
      after?.time ??
      (order === "oldest first" ? longAgo : Number.MAX_SAFE_INTEGER),
    ...{ afterOrg: after?.orgId ?? "", afterId: after?.userId ?? "" },
    folded: prefix?.folded ?? "",
    seesEvents: fromAddress === undefined ? 0 : 1,
  };
}

/** What a count of names asks for. @param now a lock that has ended by then is none */
export function lockedNamesValues(
  { orgId = "" }: LockedScope,
  { since = longAgo, reasons }: Pick<LockedFilter, "since" | "reasons">,
  now: number,
): LockedNamesValues {
  return {
    ...{ orgId, since, now },
    reasons: reasons === undefined ? "" : ` ${reasons.join("  ")} `,
  };
}

/** So many of a user's last events are looked at for an address. */
const eventsWithAddress = 20;

/**
 * The payload of the last event of a user `s` of `subjects` that has an address. JSON writes a quote in a text with a backslash, so only the
 * name of a field looks like this.
 */
export const lastAddressSql = `SELECT l.payload FROM (
    SELECT e.payload, e.sequence, e.position FROM events e
    WHERE e.aggregate_id = s.user_id AND e.aggregate_type = 'user' AND e.resource_owner = s.org_id
    ORDER BY e.sequence DESC LIMIT ${eventsWithAddress}) AS l
  WHERE l.position > s.since_position AND l.payload LIKE '%"address":%' ORDER BY l.sequence DESC LIMIT 1`;

/** The address of such a payload. */
export function addressOf(payload: string | null): string | undefined {
  if (payload === null) {
    return undefined;
  }
  const { address } = JSON.parse(payload) as EventPayload;
  return typeof address === "string" ? address : undefined;
}

function textSql(name: string): string {
  return `CAST(${name} AS text)`;
}

function aliasSql(looked: string, fits: string): string {
  return `CASE WHEN ${looked} <> '' THEN EXISTS (SELECT 1 FROM aliases a WHERE a.subject = s.key AND ${fits}) END AS alias_fits`;
}

/** Where the slice behind a user begins. */
export function userIdOf(row: SubjectRow | undefined): string | undefined {
  return row?.user_id ?? undefined;
}

/** A row of a slice of locked users: who is meant, and where the list goes on behind. */
export interface LockedFound {
  readonly stored: StoredSubject;
  readonly place: LockedAfter;
}

/** What of a slice of so many rows is meant, and where the next one begins. @param now as of {@link fitsUsers} */
export function toLockedSlice(
  rows: readonly ListedRow[],
  filter: LockedFilter,
  now: number,
  limit: number,
): {
  readonly found: readonly LockedFound[];
  readonly next: LockedAfter | undefined;
} {
  const found = rows
    .filter((row) => fitsLocked(row, filter, now))
    .map((row) => ({ stored: toSubject(row), place: lockedPlaceOf(row) }));
  return { found, next: rows.length < limit ? undefined : lastPlaceOf(rows) };
}

function lockedPlaceOf(row: ListedRow): LockedAfter {
  const { last_lock: time, org_id: orgId, user_id: userId } = row;
  return { time: time ?? 0, orgId, userId: userId ?? "" };
}

function lastPlaceOf(rows: readonly ListedRow[]): LockedAfter | undefined {
  const last = rows.at(-1);
  return last && lockedPlaceOf(last);
}

/** Whether a user is meant. @param now a lock that has ended by then is none */
export function fitsUsers(
  row: ListedRow,
  { part, state }: UserFilter,
  now: number,
): boolean {
  if (part !== undefined && !row.alias_fits) {
    if (!(row.user_id ?? "").includes(part.id)) {
      return false;
    }
  }
  if (state === undefined) {
    return true;
  }
  const { lock } = withoutEnded(toSubject(row), now);
  return state === (lock === undefined ? row.account : "locked");
}

/** Whether a locked user is meant. @param now as of {@link fitsUsers} */
function fitsLocked(
  row: ListedRow,
  { since, reasons, prefix, fromAddress }: LockedFilter,
  now: number,
): boolean {
  if (row.is_gone) {
    return false;
  }
  const { user_id: userId } = row;
  const locks = withoutEnded(toSubject(row), now);
  const latest = latestLock(locks);
  if (latest === undefined || latest.time < (since ?? -Infinity)) {
    return false;
  }
  const meant = meantLocks(locks).filter(
    ({ lock }) => reasons?.includes(lock.reason) ?? true,
  );
  if (meant.length === 0) {
    return false;
  }
  if (prefix !== undefined && !row.alias_fits) {
    if (!(userId ?? "").startsWith(prefix.id)) {
      return false;
    }
  }
  return (
    fromAddress === undefined ||
    meant.some(({ closes }) => {
      const address = lockedFrom(row.lock_events, closes);
      return address !== undefined && fromAddress(address);
    })
  );
}

/** The locks by which a user is meant: an unlock would lift an administrator's lock too, so a factor's counts only where the user is not locked. */
function meantLocks(locks: Locks): readonly PlacedLock[] {
  const all = placedLocks(locks);
  const ofUser = all.filter(({ closes }) => closes === "user");
  return ofUser.length > 0 ? ofUser : all;
}

/** The address of the failure that caused the last lock of this. */
function lockedFrom(events: string | null, closes: Closed): string | undefined {
  for (const line of events?.split("\n") ?? []) {
    const space = line.indexOf(" ");
    const payload = line.slice(space + 1);
    const closed =
      line.slice(0, space) === "user.locked"
        ? "user"
        : lockFactorOf(JSON.parse(payload) as EventPayload);
    if (closed === closes) {
      return addressOf(payload);
    }
  }
  return undefined;
}
