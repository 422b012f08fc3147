import type { Database } from "better-sqlite3";
import type { Erased, UserEvents } from "../events.ts";
import { erased, erasedRows, eraseSlice } from "../shared/erasure.ts";
import type { ErasableRow } from "../shared/erasure.ts";

/** Prepares the statements of `eraseEvents`, which runs in a transaction. */
export function prepareErasure(
  database: Database,
): (events: UserEvents) => Erased {
  const find = database.prepare<[string, string, number, number], ErasableRow>(
    `SELECT position, sequence, payload FROM events
     WHERE aggregate_id = ? AND aggregate_type = 'user' AND resource_owner = ? AND sequence > ? AND sequence <= ?
     ORDER BY sequence LIMIT ${eraseSlice}`,
  );
  const write = database.prepare<[string | null, number]>(
    "UPDATE events SET payload = ? WHERE position = ?",
  );
  return ({ orgId, userId, after, upTo }) => {
    const rows = find.all(userId, orgId, after, upTo);
    const changed = erasedRows(rows);
    for (const { position, payload } of changed) {
      write.run(payload, position);
    }
    return erased(rows, changed.length);
  };
}
