import type { Database } from "better-sqlite3";
import type { Pruned } from "../events.ts";
import {
  checkTypesSql,
  lastOfEach,
  prunableColumns,
  prunedUpTo,
  pruneSlice,
  pruneWindow,
} from "../shared/pruning.ts";
import type { PrunableRow } from "../shared/pruning.ts";
import type { Events } from "./events.ts";

/** Prepares the statements of `pruneChecks`, which runs in a transaction. */
export function preparePruning(
  database: Database,
  events: Pick<Events, "lastPosition" | "positionAt">,
): (before: number) => Pruned {
  const readCursor = database
    .prepare<[], number>("SELECT position FROM pruning")
    .pluck();
  const writeCursor = database.prepare<[number, number]>(
    `INSERT INTO pruning (only_one, position, before_micros) VALUES (1, ?, ?)
     ON CONFLICT (only_one) DO UPDATE SET position = excluded.position, before_micros = max(before_micros, excluded.before_micros)`,
  );
  const find = database.prepare<[number, number], PrunableRow>(
    `SELECT ${prunableColumns} FROM events
     WHERE position > ? AND position <= ? AND type IN (${checkTypesSql}) ORDER BY position LIMIT ${pruneSlice}`,
  );
  const own =
    "aggregate_id = ? AND aggregate_type = 'user' AND resource_owner = ?";
  const removeOlder = database.prepare<[string, string, number]>(
    `DELETE FROM events WHERE ${own} AND sequence < ? AND type IN (${checkTypesSql})`,
  );
  const isFollowed = database
    .prepare<[string, string, number], number>(
      `SELECT EXISTS (SELECT 1 FROM events WHERE ${own} AND sequence > ?)`,
    )
    .pluck();
  const remove = database.prepare<[number]>(
    "DELETE FROM events WHERE position = ?",
  );
  const strip = database.prepare<[number]>(
    "UPDATE events SET payload = NULL WHERE position = ?",
  );
  return (before) => {
    const cursor = readCursor.get() ?? 0;
    const last = Math.min(events.positionAt(before - 1), events.lastPosition());
    if (cursor >= last) {
      return { count: 0, isDone: true };
    }
    const end = Math.min(cursor + pruneWindow, last);
    const rows = find.all(cursor, end);
    for (const row of lastOfEach(rows)) {
      const { aggregate_id: id, resource_owner: owner, sequence } = row;
      removeOlder.run(id, owner, sequence);
      const isLast = isFollowed.get(id, owner, sequence) === 0;
      (isLast ? strip : remove).run(row.position);
    }
    const upTo = prunedUpTo(rows, end);
    writeCursor.run(upTo, before);
    return { count: rows.length, isDone: upTo >= last };
  };
}
