import type { NameCount } from "../shared/name-rank.ts";
import { nameRankSql, shareOut } from "../shared/name-rank.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Workspace } from "./workspace.ts";

/** Keeps the number of login names within its bound. */
export interface Names {
  /** Counts those that a batch has added. */
  added(workspace: Workspace): void;
  /** Removes some where there are too many; returns how many rows it wrote, 0 when it is done. To be called regularly. */
  trim(): Promise<number>;
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

/** How far above the bound the number of names may be before some are removed: a hundredth of it. */
const slack = 0.01;
/** After how many new names of this node all names are counted again: other nodes add names too. */
const recountAfter = 1000;
/** How many names one call examines. */
const atOnce = 1000;

/**
 * Names are counted seldom, and removed some at a time, by any node: an exact count would be a row for each organisation, for whose lock all
 * nodes wait. So there may be more names than the bound: a hundredth of it, {@link recountAfter} for each node, and the names that come
 * between two calls of `trim`.
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
  /** Examines so many names of an organisation, of the lowest ranks, and removes them, except those whose stored rank proves too low. */
  const look = async (orgId: string, limit: number) => {
    const { rows } = await database.query(removeLowest, orgId, limit);
    const [row = {}] = rows;
    return { removed: Number(row["removed"]), raised: Number(row["raised"]) };
  };
  const isEnough = () =>
    known !== undefined &&
    added < recountAfter &&
    known + added - max <= max * slack;
  const makePlan = async () => {
    if (isEnough()) {
      return [];
    }
    const counts = await count();
    added = 0;
    known = counts.reduce((sum, one) => sum + one.count, 0);
    return shareOut(counts, Math.max(known - max, 0));
  };
  /** What is still to be removed. */
  let plan: readonly NameCount[] = [];
  const trim = async (): Promise<number> => {
    if (plan.length === 0) {
      plan = await makePlan();
    }
    let done = 0;
    while (done < atOnce) {
      const [first, ...rest] = plan;
      if (first === undefined) {
        break;
      }
      const { orgId, count: wanted } = first;
      const asked = Math.min(wanted, atOnce - done);
      const { removed, raised } = await look(orgId, asked);
      known = (known ?? 0) - removed;
      done += removed + raised;
      // Others may be asking about those that are left.
      const isStuck = removed + raised === 0;
      plan =
        removed === wanted || isStuck
          ? rest
          : [{ orgId, count: wanted - removed }, ...rest];
    }
    return done;
  };
  return {
    added: ({ subjects }) => {
      for (const { stored, change } of subjects.entries.values()) {
        if (stored.nameHash !== undefined && change === "new") {
          added += 1;
        }
      }
    },
    trim,
  };
}
