import type { Database } from "better-sqlite3";
import { counterColumns, toCounters } from "../shared/rows.ts";
import type { CounterRow } from "../shared/rows.ts";
import type { CounterTable } from "../commands/tables.ts";

/** Changes are made inside a transaction. */
export function prepareCounters(database: Database): CounterTable {
  const read = database.prepare<[number], CounterRow>(
    `SELECT ${counterColumns} FROM counters WHERE subject = ?`,
  );
  // Relative steps, never a value that was read before (I2).
  const add = database.prepare<
    [number, number, number, number, number, number | null, number, string]
  >(
    `UPDATE counters SET failed = failed * ? + ?, open = open + ?, failed_in_row = failed_in_row + ?,
       locks_in_row = locks_in_row + ?, last_failure = coalesce(?, last_failure)
     WHERE subject = ? AND factor = ?`,
  );
  const insert = database.prepare<
    [number, string, number, number, number, number, number | null]
  >(
    `INSERT INTO counters (subject, factor, failed, open, failed_in_row, locks_in_row, last_failure)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const clear = database.prepare<[number, number, string]>(
    "UPDATE counters SET failed = 0, failed_in_row = 0, locks_in_row = 0, open = open + ? WHERE subject = ? AND factor = ?",
  );
  return {
    read: (subject) => toCounters(read.all(subject)),
    step: (subject, { factor, failed, startsOver, open, ...more }, time) => {
      if (failed === "clear") {
        clear.run(open, subject, factor);
        return;
      }
      const { failedInRow = failed, locks = 0 } = more;
      const lastFailure = failedInRow > 0 ? time : null;
      const kept = startsOver === true ? 0 : 1;
      const added = [open, failedInRow, locks, lastFailure] as const;
      if (add.run(kept, failed, ...added, subject, factor).changes === 0) {
        insert.run(subject, factor, failed, ...added);
      }
    },
  };
}
