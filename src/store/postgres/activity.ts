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
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const add: Statement = {
  name: "add_activity",
  text: `INSERT INTO activity (unit, org_id, time, ${countColumns})
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], ${activityKinds
      .map((_kind, place) => `$${place + 4}::bigint[]`)
      .join(", ")}) AS added (unit, org_id, time)
    WHERE ${isOfNoRemovedOrg("added.org_id")} ${addToRow}`,
};
const list: Statement = {
  name: "list_activity",
  text: `SELECT time, ${countColumns} FROM activity
    WHERE unit = $1 AND org_id = $2 AND time >= $3 AND time < $4 ORDER BY time`,
};
const prune: Statement = {
  name: "prune_activity",
  text: `DELETE FROM activity WHERE (unit, org_id, time) IN (
    SELECT unit, org_id, time FROM activity WHERE unit = $1 AND time < $2 LIMIT $3)`,
};

/** The part of the store about activity. */
export function createActivity(
  database: PostgresDatabase,
  now: Clock,
): ActivityStore {
  return {
    addActivity: async (minutes) => {
      const rows = rowsOfMinutes(minutes);
      if (rows.length === 0) {
        return;
      }
      await database.query(
        add,
        ...[rows.map(({ unit }) => unit), rows.map(({ orgId }) => orgId)],
        rows.map(({ time }) => time),
        ...activityKinds.map((kind) =>
          rows.map(({ counts }) => counts[kind] ?? 0),
        ),
      );
    },
    listActivity: async ({ interval, orgId = everybody, since, until }) => {
      const { rows } = await database.query(
        ...([list, interval, orgId, since, until] as const),
      );
      return (rows as unknown as readonly ActivityRow[]).map(toFigures);
    },
    pruneActivity: async (limit) => {
      let sum = 0;
      for (const [unit, before] of staleActivity(Math.floor(now()))) {
        sum += (await database.query(prune, unit, before, limit)).count;
      }
      return sum;
    },
  };
}
