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
import { begin, commit, rollback } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { ReadEvents } from "./events.ts";
import type { Statement } from "./pipeline.ts";

// Of nodes that prune at once, one does the next piece, and the others wait.
const lockCursor: Statement = {
  name: "lock_pruning",
  text: `INSERT INTO pruning (only_one, position, before_micros) VALUES (1, 0, 0)
    ON CONFLICT (only_one) DO UPDATE SET position = pruning.position RETURNING position`,
};
const writeCursor: Statement = {
  name: "write_pruning",
  text: "UPDATE pruning SET position = $1::bigint, before_micros = greatest(before_micros, $2::bigint)",
};
const find: Statement = {
  name: "find_prunable",
  text: `SELECT ${prunableColumns} FROM events
    WHERE position > $1 AND position <= $2 AND type IN (${checkTypesSql}) ORDER BY position LIMIT ${pruneSlice}`,
};
const lasts =
  "unnest($1::text[], $2::text[], $3::bigint[]) AS l (id, owner, sequence)";
const own = (row: string) =>
  `${row}.aggregate_id = l.id AND ${row}.aggregate_type = 'user' AND ${row}.resource_owner = l.owner`;
const isFollowed = `EXISTS (SELECT 1 FROM events n WHERE ${own("n")} AND n.sequence > l.sequence)`;
const remove: Statement = {
  name: "prune_events",
  text: `DELETE FROM events WHERE position IN (
    SELECT o.position FROM ${lasts}, LATERAL (
      SELECT e.position FROM events e WHERE ${own("e")} AND e.sequence <= l.sequence AND e.type IN (${checkTypesSql})
        AND (e.sequence < l.sequence OR ${isFollowed}) OFFSET 0) AS o)`,
};
const strip: Statement = {
  name: "strip_events",
  text: `UPDATE events SET payload = NULL FROM ${lasts}
    WHERE ${own("events")} AND events.sequence = l.sequence AND NOT ${isFollowed}`,
};

/** Makes `pruneChecks`: each piece in a transaction of its own. */
export function createPruning(
  database: PostgresDatabase,
  events: ReadEvents,
): (before: number) => Promise<Pruned> {
  return async (before) => {
    const last = Math.min(
      await events.positionAt(before - 1),
      await events.lastPosition(),
    );
    return database.use(async ({ send }) => {
      const [, locked] = await send([begin], [lockCursor]);
      const cursor = Number(locked?.rows[0]?.["position"]);
      if (cursor >= last) {
        await send([rollback]);
        return { count: 0, isDone: true };
      }
      const end = Math.min(cursor + pruneWindow, last);
      const [found] = await send([find, cursor, end]);
      const rows = (found?.rows ?? []) as unknown as readonly PrunableRow[];
      const ends = lastOfEach(rows);
      const values = [
        ends.map((row) => row.aggregate_id),
        ends.map((row) => row.resource_owner),
        ends.map((row) => row.sequence),
      ];
      const upTo = prunedUpTo(rows, end);
      await send(
        [remove, ...values],
        [strip, ...values],
        [writeCursor, upTo, before],
        [commit],
      );
      return { count: rows.length, isDone: upTo >= last };
    });
  };
}
