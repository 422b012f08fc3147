/**
 * Lists of users, as every engine reads them: in slices of rows, of which some fit the filter. What a filter looks at is read for the
 * rows of the slice alone, so that no statement goes through all users, however few fit.
 */
import type { EventPayload } from "../../lockout/event.ts";
import type { LockedFilter, UserFilter } from "../users.ts";
import { subjectColumns } from "./rows.ts";
import type { SubjectRow } from "./rows.ts";

/** A row of a slice, with what its filter looks at. */
export interface ListedRow extends SubjectRow {
  /** Whether an alias fits; where none is looked for, it is of no account. */
  readonly alias_fits: number | boolean | null;
  /** What the event of the lock says, where that is looked for. */
  readonly lock_payload: string | null;
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
  /** 1 where the event of the lock is looked for, else 0. */
  readonly seesEvents: number;
}

/** How an engine names a value in SQL. */
type Named<Values> = (name: keyof Values & string) => string;

/** The next users by id. */
export function userSliceSql(named: Named<UserSliceValues>): string {
  const part = textSql(named("folded"));
  return `SELECT ${subjectColumns}, ${aliasSql(part, `replace(a.folded, ${part}, '') <> a.folded`)}, NULL AS lock_payload
    FROM (SELECT * FROM subjects WHERE org_id = ${named("orgId")} AND user_id > ${named("afterId")}
      ORDER BY user_id LIMIT ${named("limit")}) AS s
    ORDER BY user_id`;
}

/** So many events of a user are looked at: after the one of a lock there are few. */
const eventsAfterLock = 100;

/** The next locked users, by the time of the lock and then by id. */
export function lockedSliceSql(named: Named<LockedSliceValues>): string {
  const prefix = textSql(named("folded"));
  return `SELECT ${subjectColumns}, ${aliasSql(prefix, `substr(a.folded, 1, length(${prefix})) = ${prefix}`)},
      CASE WHEN ${named("seesEvents")} = 1 THEN (
        SELECT l.payload FROM (
          SELECT e.type, e.payload, e.sequence FROM events e
          WHERE e.aggregate_id = s.user_id AND e.aggregate_type = 'user' AND e.resource_owner = s.org_id
          ORDER BY e.sequence DESC LIMIT ${eventsAfterLock}) AS l
        WHERE l.type = 'user.locked' ORDER BY l.sequence DESC LIMIT 1) END AS lock_payload
    FROM (SELECT * FROM subjects WHERE org_id = ${named("orgId")} AND user_id IS NOT NULL AND lock_time >= ${named("since")}
        AND (lock_time, user_id) > (${named("afterTime")}, ${named("afterId")})
      ORDER BY lock_time, user_id LIMIT ${named("limit")}) AS s
    ORDER BY lock_time, user_id`;
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

/** Where the slice behind a locked user begins. */
export function lockedPlaceOf(
  row: SubjectRow | undefined,
): { readonly time: number; readonly userId: string } | undefined {
  return row && { time: row.lock_time ?? 0, userId: row.user_id ?? "" };
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
  return state === (isLocked(row, now) ? "locked" : row.account);
}

function isLocked(row: SubjectRow, now: number): boolean {
  return row.lock_time !== null && (row.lock_end ?? Infinity) > now;
}

/** Whether a locked user is meant. @param now as of {@link fitsUsers} */
export function fitsLocked(
  row: ListedRow,
  { reasons, prefix, fromAddress }: LockedFilter,
  now: number,
): boolean {
  const { lock_reason: reason, user_id: userId } = row;
  if (!isLocked(row, now)) {
    return false;
  }
  if (reasons !== undefined && (reason === null || !reasons.includes(reason))) {
    return false;
  }
  if (prefix !== undefined && !row.alias_fits) {
    if (!(userId ?? "").startsWith(prefix.id)) {
      return false;
    }
  }
  return fromAddress === undefined || isFrom(row.lock_payload, fromAddress);
}

function isFrom(
  payload: string | null,
  fits: (address: string) => boolean,
): boolean {
  if (payload === null) {
    return false;
  }
  const { address } = JSON.parse(payload) as EventPayload;
  return typeof address === "string" && fits(address);
}
