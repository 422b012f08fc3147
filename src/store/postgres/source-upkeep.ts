import { maxSources, sourceSlack } from "../commands/settle-sources.ts";
import { orgOfSource } from "../commands/tables.ts";
import type { SourceKey } from "../commands/tables.ts";
import { shareOut } from "../shared/name-rank.ts";
import type { NameCount } from "../shared/name-rank.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { nowSql } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Workspace } from "./workspace.ts";

/** Keeps the sources of failures few. */
export interface SourceUpkeep {
  /** Counts those that a batch has added. */
  added(workspace: Workspace): void;
  /** Settles some that may be empty, and makes room where there are too many; says how many rows it looked at. To be called regularly. */
  settle(limit: number): Promise<number>;
}

/** What the upkeep works with. */
export interface SourceUpkeepOptions {
  readonly database: PostgresDatabase;
  readonly queue: CommitQueue;
  /** Tests' own time, instead of the database's; null where there is none. */
  readonly time: () => number | null;
  /** Told how many were removed to make room for others. */
  readonly onDropped: (count: number) => void;
}

const nowOf = `(SELECT coalesce($1::bigint, ${nowSql}))`;

const findDue: Statement = {
  name: "find_due_sources",
  // A limit for each part: else all that are due would be read to find out which are there twice.
  text: `SELECT key FROM (SELECT key FROM sources WHERE empty_time <= ${nowOf} LIMIT $2) AS empty
    UNION SELECT key FROM (SELECT key FROM sources WHERE level_time > ${nowOf} LIMIT $2) AS ahead`,
};
const countSources: Statement = {
  name: "count_sources",
  text: "SELECT org_id, count(*) AS count FROM sources GROUP BY org_id",
};
const removeEmptiest: Statement = {
  name: "remove_emptiest_sources",
  text: `DELETE FROM sources WHERE key IN (
      SELECT key FROM sources WHERE org_id = $1 ORDER BY empty_time LIMIT $2 FOR UPDATE SKIP LOCKED)`,
};

/** After how many new sources of this node all are counted again: other nodes add some too. */
const recountAfter = sourceSlack / 4;

/**
 * Sources are counted now and then, as login names are: an exact count would be a row for which all nodes wait. Room is made before the bound is
 * reached, so that what comes until the next time is within it.
 */
export function createSourceUpkeep({
  database,
  queue,
  time,
  onDropped,
}: SourceUpkeepOptions): SourceUpkeep {
  // Counted at the first time.
  let added = recountAfter;

  const trim = async (): Promise<void> => {
    if (added < recountAfter) {
      return;
    }
    added = 0;
    const { rows } = await database.query(countSources);
    const counts = rows.map((row): NameCount => ({
      orgId: row["org_id"] as string,
      count: Number(row["count"]),
    }));
    const total = counts.reduce((sum, { count }) => sum + count, 0);
    if (total <= maxSources - sourceSlack) {
      return;
    }
    let dropped = 0;
    const excess = total - maxSources + 2 * sourceSlack;
    for (const { orgId, count } of shareOut(counts, excess)) {
      const removed = await database.query(removeEmptiest, orgId, count);
      dropped += removed.count;
    }
    onDropped(dropped);
  };

  return {
    added: ({ sources }) => {
      added += sources.added;
    },
    settle: async (limit) => {
      await trim();
      const { rows } = await database.query(findDue, time(), limit);
      const keys = rows.map((row) => row["key"] as SourceKey);
      if (keys.length > 0) {
        const orgs = new Set(keys.map(orgOfSource));
        await queue.run(
          [...orgs].map((orgId) => ({ kind: "rules", orgId })),
          ({ commands }, now) => {
            commands.settleSources(keys, now);
          },
        );
      }
      return keys.length;
    },
  };
}
