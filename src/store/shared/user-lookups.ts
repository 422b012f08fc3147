import type { UserKey } from "../users.ts";
import { isOfNoRemovedOrg } from "./removed-orgs.ts";

/** A row of {@link namedUsersSql}. */
export interface NamedUserRow {
  readonly org_id: string;
  readonly user_id: string;
}

/** The users with aliases, by the primary key of these. @param isAsked a condition on a column, which takes a list */
export function namedUsersSql(
  isAsked: (column: string, name: "orgs" | "names") => string,
): string {
  return `SELECT DISTINCT s.org_id, s.user_id FROM aliases a JOIN subjects s ON s.key = a.subject
    WHERE ${isAsked("a.org_id", "orgs")} AND ${isAsked("a.folded", "names")} AND s.user_id IS NOT NULL
      AND ${isOfNoRemovedOrg("s.org_id")}`;
}

/** The count of an organisation's users. @param org the parameter, as the engine writes it */
export function countUsersSql(org: string): string {
  return `SELECT count FROM user_counts WHERE org_id = ${org}`;
}

/** The count of all users. */
export const countAllUsersSql = `SELECT sum(count) AS count FROM user_counts WHERE ${isOfNoRemovedOrg("org_id")}`;

/** The user of such a row. */
export function toUserKey({
  org_id: orgId,
  user_id: userId,
}: NamedUserRow): UserKey {
  return { orgId, userId };
}
