import type { Database } from "better-sqlite3";
import { activityKinds, everybody } from "../activity.ts";
import type { ActivityStore } from "../activity.ts";
import type { Clock } from "../ids.ts";
import {
  addToRow,
  countColumns,
  rowsOfMinutes,
  staleActivity,
  toFigures,
} from "../shared/activity.ts";
import type { ActivityRow } from "../shared/activity.ts";
import { isOfNoRemovedOrg } from "../shared/removed-orgs.ts";

/** How the store reads and writes. */
interface ActivityAccess {
  readonly read: <T>(query: () => T) => T;
  readonly write: <T>(command: () => T) => Promise<T>;
  readonly now: Clock;
}

/** The part of the store about activity. */
export function createActivity(
  database: Database,
  { read, write, now }: ActivityAccess,
): ActivityStore {
  const add = database.prepare<(string | number | { readonly org: string })[]>(
    `INSERT INTO activity (unit, org_id, time, ${countColumns})
     SELECT ?, @org, ?, ${activityKinds.map(() => "?").join(", ")} WHERE ${isOfNoRemovedOrg("@org")} ${addToRow}`,
  );
  const list = database.prepare<[string, string, number, number], ActivityRow>(
    `SELECT time, ${countColumns} FROM activity
     WHERE unit = ? AND org_id = ? AND time >= ? AND time < ? ORDER BY time`,
  );
  const prune = database.prepare<[string, number, number]>(
    `DELETE FROM activity WHERE (unit, org_id, time) IN (
       SELECT unit, org_id, time FROM activity INDEXED BY activity_by_time WHERE unit = ? AND time < ? LIMIT ?)`,
  );
  return {
    addActivity: async (minutes) => {
      const rows = rowsOfMinutes(minutes);
      if (rows.length === 0) {
        return;
      }
      await write(() => {
        for (const { unit, orgId, time, counts } of rows) {
          add.run(
            ...[unit, time],
            ...activityKinds.map((kind) => counts[kind] ?? 0),
            { org: orgId },
          );
        }
      });
    },
    listActivity: async ({ interval, orgId = everybody, since, until }) =>
      read(() => list.all(interval, orgId, since, until).map(toFigures)),
    pruneActivity: (limit) =>
      write(() =>
        staleActivity(now()).reduce(
          (sum, [unit, before]) => sum + prune.run(unit, before, limit).changes,
          0,
        ),
      ),
  };
}
