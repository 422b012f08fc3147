import type { NameCount } from "../shared/name-rank.ts";
import { nameRankSql, shareOut } from "../shared/name-rank.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Workspace } from "./workspace.ts";

/** Keeps the number of login names within its bound. */
export interface Names {
  /** Counts those that a batch has added. */
  added(workspace: Workspace): void;
  /** Removes some where there are too many. To be called now and then. */
  trim(): Promise<void>;
}

const countNames: Statement = {
  name: "count_names",
  text: `SELECT org_id, count(*) AS count FROM subjects WHERE name_hash IS NOT NULL GROUP BY org_id`,
};
// Names whose stored rank proves too low get the one that they have, and are looked at again in their turn. Who is locked is being
// asked about.
const removeLowest: Statement = {
  name: "remove_lowest_names",
  text: `WITH lowest AS (
      SELECT key, rank, ${nameRankSql} AS found FROM subjects
      WHERE org_id = $1 AND name_hash IS NOT NULL ORDER BY rank, key LIMIT $2 FOR UPDATE SKIP LOCKED
    ), given AS (
      SELECT key FROM lowest WHERE found <= rank AND rank = (SELECT min(rank) FROM lowest)
    ), raised AS (
      UPDATE subjects SET rank = lowest.found FROM lowest
      WHERE subjects.key = lowest.key AND lowest.found > lowest.rank RETURNING 1
    ), emptied AS (
      DELETE FROM attempts WHERE outcome IS NULL AND subject IN (SELECT key FROM given)
    ), removed AS (
      DELETE FROM subjects WHERE key IN (SELECT key FROM given) RETURNING 1
    )
    SELECT (SELECT count(*) FROM removed) AS removed, (SELECT count(*) FROM raised) AS raised`,
};

/** So many names more than the bound may be there before some are removed: a hundredth of it. */
const slack = 0.01;
/** After so many new names of this node they are counted again: others add some too. */
const recountAfter = 1000;
/** So many are looked at in one statement. */
const atOnce = 1000;

/**
 * The names are counted seldom, and removed some at a time, by whichever node notices: a count that is exact at every moment would
 * be a row for each organisation that every node waits for. So there may be more than the bound: a hundredth of it, {@link recountAfter}
 * for each node, and what comes between two calls of `trim`.
 *
 * @param max how many are kept
 */
export function createNames(database: PostgresDatabase, max: number): Names {
  let known: number | undefined;
  let added = 0;

  const count = async (): Promise<readonly NameCount[]> => {
    const { rows } = await database.query(countNames);
    return rows.map((row) => ({
      orgId: row["org_id"] as string,
      count: Number(row["count"]),
    }));
  };
  /** Removes so many names of an organisation; fewer where others are asking about them. */
  const remove = async ({ orgId, count: wanted }: NameCount): Promise<void> => {
    for (let left = wanted; left > 0;) {
      const { rows } = await database.query(
        removeLowest,
        ...[orgId, Math.min(left, atOnce)],
      );
      const removed = Number(rows[0]?.["removed"]);
      left -= removed;
      if (removed === 0 && Number(rows[0]?.["raised"]) === 0) return;
    }
  };
  const isEnough = () =>
    known !== undefined &&
    added < recountAfter &&
    known + added - max <= max * slack;
  const trim = async () => {
    if (isEnough()) return;
    const counts = await count();
    added = 0;
    known = counts.reduce((sum, one) => sum + one.count, 0);
    const excess = known - max;
    if (excess <= max * slack) return;
    for (const share of shareOut(counts, excess)) await remove(share);
    known -= excess;
  };
  return {
    added: ({ subjectEntries }) => {
      for (const { hash, change } of subjectEntries.values())
        if (hash !== undefined && change === "new") added += 1;
    },
    trim,
  };
}
