import type { Erased, UserEvents } from "../events.ts";
import { erased, erasedRows, eraseSlice } from "../shared/erasure.ts";
import type { ErasableRow } from "../shared/erasure.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

const find: Statement = {
  name: "find_erasable",
  text: `SELECT position, sequence, payload FROM events
    WHERE aggregate_id = $1 AND aggregate_type = 'user' AND resource_owner = $2 AND sequence > $3 AND sequence <= $4
    ORDER BY sequence LIMIT ${eraseSlice}`,
};
const write: Statement = {
  name: "erase_events",
  text: `UPDATE events SET payload = e.payload FROM unnest($1::bigint[], $2::text[]) AS e (position, payload)
    WHERE events.position = e.position`,
};

/** Makes `eraseEvents`. What it reads nobody else changes but to remove it. */
export function createErasure(
  database: PostgresDatabase,
): (events: UserEvents) => Promise<Erased> {
  return async ({ orgId, userId, after, upTo }) => {
    const found = await database.query(find, userId, orgId, after, upTo);
    const rows = found.rows as unknown as readonly ErasableRow[];
    const changed = erasedRows(rows);
    if (changed.length > 0) {
      await database.query(
        write,
        changed.map(({ position }) => position),
        changed.map(({ payload }) => payload),
      );
    }
    return erased(rows, changed.length);
  };
}
