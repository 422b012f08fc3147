import type { Database } from "better-sqlite3";
import { emptySource } from "../../lockout/user/source.ts";
import { maxSources, sourceSlack } from "../commands/settle-sources.ts";
import type { SourceKey, SourceTable } from "../commands/tables.ts";
import { orgOfSource } from "../commands/tables.ts";
import { shareOut } from "../shared/name-rank.ts";
import type { NameCount } from "../shared/name-rank.ts";
import { sourceColumns, toSource } from "../shared/rows.ts";
import type { SourceRow } from "../shared/rows.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** {@link SourceTable}, and what keeps it small. Changes are made inside a transaction. */
export interface Sources extends SourceTable {
  /** Some that may be empty, or were counted at a time to come, at most so many of each. */
  due(time: number, limit: number): readonly SourceKey[];
}

/** @param onDropped told how many sources were removed to make room for others */
export function prepareSources(
  database: Database,
  memory: TransactionMemory,
  onDropped: (count: number) => void,
): Sources {
  const get = database.prepare<[string], SourceRow>(
    `SELECT ${sourceColumns} FROM sources WHERE key = ?`,
  );
  const countOpen = database
    .prepare<[string], number>(
      "SELECT count(*) FROM attempts WHERE source = ? AND outcome IS NULL AND source IS NOT NULL",
    )
    .pluck();
  const update = database.prepare<[number, number, number, string]>(
    "UPDATE sources SET level = ?, level_time = ?, empty_time = ? WHERE key = ?",
  );
  const insert = database.prepare<[number, number, number, string, string]>(
    "INSERT INTO sources (level, level_time, empty_time, key, org_id) VALUES (?, ?, ?, ?, ?)",
  );
  const remove = database.prepare<[string]>(
    "DELETE FROM sources WHERE key = ?",
  );
  // A limit for each part: else all that are due would be read to find out which are there twice.
  const due = database
    .prepare<[{ readonly time: number; readonly limit: number }], SourceKey>(
      `SELECT key FROM (SELECT key FROM sources WHERE empty_time <= @time LIMIT @limit)
       UNION SELECT key FROM (SELECT key FROM sources WHERE level_time > @time LIMIT @limit)`,
    )
    .pluck();
  const countAll = database
    .prepare<[], number>("SELECT count(*) FROM sources")
    .pluck();
  const counts = database.prepare<[], NameCount>(
    "SELECT org_id AS orgId, count(*) AS count FROM sources GROUP BY org_id",
  );
  const removeEmptiest = database.prepare<[string, number]>(
    "DELETE FROM sources WHERE key IN (SELECT key FROM sources WHERE org_id = ? ORDER BY empty_time LIMIT ?)",
  );
  const kept = memory.value(() => countAll.get() ?? 0);
  const makeRoom = () => {
    if (kept.get() < maxSources) {
      return;
    }
    let dropped = 0;
    for (const { orgId, count } of shareOut(counts.all(), sourceSlack)) {
      dropped += removeEmptiest.run(orgId, count).changes;
    }
    kept.set(kept.get() - dropped);
    onDropped(dropped);
  };
  return {
    find: (key) => {
      const row = get.get(key);
      return {
        ...(row === undefined ? emptySource : toSource(row)),
        open: countOpen.get(key) ?? 0,
      };
    },
    put: (key, { level, time, emptyTime }) => {
      const values = [level, time, emptyTime, key] as const;
      if (update.run(...values).changes === 0) {
        makeRoom();
        insert.run(...values, orgOfSource(key));
        kept.set(kept.get() + 1);
      }
    },
    // Nobody else writes meanwhile.
    hold: () => undefined,
    remove: (key) => {
      remove.run(key);
    },
    due: (time, limit) => due.all({ time, limit }),
  };
}
