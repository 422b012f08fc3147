import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Workspace } from "./workspace.ts";

/** Keeps the number of login names that lead to nobody within its bound. */
export interface Names {
  /** After a batch: removes those that were asked about least recently, once there are too many. */
  trim(workspace: Workspace): Promise<void>;
}

const count: Statement = {
  name: "count_names",
  text: "SELECT count(*) AS count FROM subjects WHERE recency IS NOT NULL",
};
// Who is locked is being asked about.
const removeOldest: Statement = {
  name: "remove_oldest_names",
  text: `WITH oldest AS (
      SELECT key FROM subjects WHERE recency IS NOT NULL ORDER BY recency LIMIT $1 FOR UPDATE SKIP LOCKED
    ), emptied AS (
      DELETE FROM attempts WHERE outcome IS NULL AND subject IN (SELECT key FROM oldest)
    )
    DELETE FROM subjects WHERE key IN (SELECT key FROM oldest)`,
};

/** So many names more than the bound may be there before some are removed: a hundredth of it. */
const slack = 0.01;
/** After so many new names of this node it is counted again: others add some too. */
const recountAfter = 1000;
/** So many are removed at once. */
const removedAtOnce = 1000;

/**
 * The names are counted seldom, and removed some at a time, by whichever node notices: a count that is exact at every moment would
 * be one row that every node waits for.
 *
 * @param max how many are kept
 */
export function createNames(database: PostgresDatabase, max: number): Names {
  let known: number | undefined;
  let added = 0;
  return {
    trim: async ({ subjectEntries }) => {
      let created = 0;
      for (const { hash, change } of subjectEntries.values())
        if (hash !== undefined && change === "new") created += 1;
      if (created === 0) return;
      added += created;
      if (known === undefined || added >= recountAfter) {
        const { rows } = await database.query(count);
        known = Number(rows[0]?.["count"]);
        added = 0;
      }
      let excess = known + added - max;
      if (excess <= max * slack) return;
      while (excess > 0) {
        const asked = Math.min(excess, removedAtOnce);
        const { count: removed } = await database.query(removeOldest, asked);
        known -= removed;
        excess -= removed;
        if (removed < asked) break;
      }
    },
  };
}
