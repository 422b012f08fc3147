import { dateAfter } from "../../shared/dates.ts";
import type { Migration } from "../migrate.ts";

/** So many events are dated at once. */
const batchSize = 10_000;

const ofPolicy =
  "e.aggregate_id = policies.resource_owner AND e.aggregate_type = policies.owner_kind AND e.resource_owner = policies.resource_owner";

// Events of a millisecond get dates of their own, in microseconds, and those after a clock that went back later ones than before. Policies
// have the dates of their events.
/** Dates of events in microseconds, each of its own. */
export const dates: Migration = {
  number: 9,
  name: "dates",
  sql: `
ALTER TABLE events RENAME COLUMN creation_date TO creation_micros;
ALTER TABLE name_events RENAME COLUMN creation_date TO creation_micros;
ALTER TABLE policies RENAME COLUMN creation_date TO creation_micros;
ALTER TABLE policies RENAME COLUMN change_date TO change_micros;
UPDATE name_events SET creation_micros = creation_micros * 1000;
`,
  run: (database) => {
    const read = database
      .prepare<[number], [position: number, time: number]>(
        `SELECT position, creation_micros FROM events WHERE position > ? ORDER BY position LIMIT ${batchSize}`,
      )
      .raw();
    const write = database.prepare<[number, number]>(
      "UPDATE events SET creation_micros = ? WHERE position = ?",
    );
    let [after, date] = [0, 0];
    for (;;) {
      const rows = read.all(after);
      for (const [position, time] of rows) {
        date = dateAfter(date, time);
        write.run(date, position);
        after = position;
      }
      if (rows.length < batchSize) {
        break;
      }
    }
    database.exec(
      `UPDATE policies SET
         creation_micros = coalesce((
           SELECT e.creation_micros FROM events e
           WHERE ${ofPolicy} AND e.type = policies.owner_kind || '.policy.lockout.added'
           ORDER BY e.sequence DESC LIMIT 1), policies.creation_micros * 1000),
         change_micros = coalesce((
           SELECT e.creation_micros FROM events e WHERE ${ofPolicy} AND e.sequence = policies.sequence),
           policies.change_micros * 1000)`,
    );
  },
};
