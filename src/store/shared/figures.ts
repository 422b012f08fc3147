import type { LockReason } from "../../lockout/user/lock.ts";
import { tokenHorizons } from "../figures.ts";
import type { LockedUsers, StoreFigures } from "../figures.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";

/** Reads how many users are locked, for each reason. @param perOrg and for each organisation */
export function lockedUsersSql(perOrg: boolean): string {
  const columns = perOrg ? "org_id, reason" : "reason";
  return `SELECT ${columns}, sum(count) AS count FROM locked_counts WHERE kind = 'user' AND ${isOfNoRemovedOrg("org_id")} GROUP BY ${columns} HAVING sum(count) > 0`;
}

/** Counts anew who is locked, where nothing is counted. */
export const countLockedSql = `INSERT INTO locked_counts (org_id, kind, reason, count)
  SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END, lock_reason, count(*)
  FROM subjects WHERE lock_reason IS NOT NULL GROUP BY 1, 2, 3`;

/** Reads how many tokens expire soon, in the order of the horizons. @param now how the statement has the time */
export function tokensExpiringSql(now: string): string {
  const within = Object.values(tokenHorizons).map(
    (ms, index) =>
      `count(CASE WHEN expiration_date <= ${now} + ${ms} THEN 1 END) AS within_${index}`,
  );
  return `SELECT ${within.join(", ")} FROM tokens WHERE expiration_date > ${now} AND ${isOfNoRemovedOrg("org_id")}`;
}

/** Reads how many hooks there are, and how many of them are disabled. */
export const hooksSql = `SELECT count(*) AS hooks, count(disable_reason) AS disabled FROM hooks WHERE ${isOfNoRemovedOrg("org_id")}`;

/** What {@link tokensExpiringSql} or {@link hooksSql} has read. */
export type FigureRow = Readonly<Record<string, unknown>> | undefined;

/** A row of {@link lockedUsersSql}. */
export interface LockedUsersRow {
  readonly org_id?: string;
  readonly reason: string;
  readonly count: number | string;
}

/** Puts together what the three statements have read. */
export function toFigures(
  locked: readonly LockedUsersRow[],
  expiring: FigureRow,
  hooks: FigureRow,
): StoreFigures {
  const disabled = Number(hooks?.["disabled"] ?? 0);
  return {
    hooks: { enabled: Number(hooks?.["hooks"] ?? 0) - disabled, disabled },
    lockedUsers: locked.map(
      ({ org_id: orgId, reason, count }): LockedUsers => ({
        orgId,
        reason: reason as LockReason,
        count: Number(count),
      }),
    ),
    tokensExpiring: {
      "1d": Number(expiring?.["within_0"] ?? 0),
      "7d": Number(expiring?.["within_1"] ?? 0),
      "30d": Number(expiring?.["within_2"] ?? 0),
    },
  };
}
