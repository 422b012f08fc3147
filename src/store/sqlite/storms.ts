import type { Database } from "better-sqlite3";
import { notedAtOnce } from "../commands/settle-storms.ts";
import type { StormTable } from "../commands/tables.ts";
import {
  dueStormsSql,
  notedColumns,
  stormText,
  toStoredStorm,
} from "../shared/storm-rows.ts";
import type { NotedRow } from "../shared/storm-rows.ts";

/** {@link StormTable}. Changes are made inside a transaction. */
export interface Storms extends StormTable {
  /** Organisations whose storms are to be settled at this time, at most so many. */
  due(time: number, limit: number): readonly string[];
}

/** Prepares the table of storms, and that of locks to be counted. */
export function prepareStorms(database: Database): Storms {
  const note = database.prepare<[string, number, number]>(
    "INSERT INTO noted_locks (org_id, lock_time, is_name) VALUES (?, ?, ?)",
  );
  const get = database
    .prepare<[string], string>("SELECT storm FROM storms WHERE org_id = ?")
    .pluck();
  const noted = database.prepare<[string], NotedRow>(
    `SELECT ${notedColumns} FROM noted_locks WHERE org_id = ? ORDER BY lock_time, key LIMIT ${notedAtOnce}`,
  );
  const removeNoted = database.prepare<[string]>(
    `DELETE FROM noted_locks WHERE key IN (
       SELECT key FROM noted_locks WHERE org_id = ? ORDER BY lock_time, key LIMIT ${notedAtOnce})`,
  );
  const put = database.prepare<[string, string, number, number]>(
    "INSERT OR REPLACE INTO storms (org_id, storm, due_time, settled_time) VALUES (?, ?, ?, ?)",
  );
  const remove = database.prepare<[string]>(
    "DELETE FROM storms WHERE org_id = ?",
  );
  const due = database
    .prepare<[{ readonly time: number; readonly limit: number }], string>(
      dueStormsSql("@time", "@limit"),
    )
    .pluck();
  return {
    note: (orgId, time, isName) => {
      note.run(orgId, time, isName ? 1 : 0);
    },
    find: (orgId) => toStoredStorm(get.get(orgId), noted.all(orgId)),
    settle: (orgId, storm, dueTime) => {
      // Those that were found: nobody else writes meanwhile.
      removeNoted.run(orgId);
      if (storm === undefined) {
        remove.run(orgId);
      } else {
        put.run(orgId, stormText(storm), dueTime, storm.settledTime);
      }
    },
    due: (time, limit) => due.all({ time, limit }),
  };
}
