import type { Database } from "better-sqlite3";
import { toCounters } from "../shared/rows.ts";
import type { CounterRow } from "../shared/rows.ts";
import type { CounterTable } from "../commands/tables.ts";

/** Changes are made inside a transaction. */
export function prepareCounters(database: Database): CounterTable {
  const read = database.prepare<[number], CounterRow>(
    "SELECT factor, failed, open, last_failure FROM counters WHERE subject = ?",
  );
  // Relative steps, never a value that was read before (I2).
  const add = database.prepare<[number, number, number | null, number, string]>(
    `UPDATE counters SET failed = failed + ?, open = open + ?, last_failure = coalesce(?, last_failure)
     WHERE subject = ? AND factor = ?`,
  );
  const insert = database.prepare<
    [number, string, number, number, number | null]
  >(
    "INSERT INTO counters (subject, factor, failed, open, last_failure) VALUES (?, ?, ?, ?, ?)",
  );
  const clear = database.prepare<[number, number, string]>(
    "UPDATE counters SET failed = 0, open = open + ? WHERE subject = ? AND factor = ?",
  );
  return {
    read: (subject) => toCounters(read.all(subject)),
    step: (subject, { factor, failed, open }, time) => {
      if (failed === "clear") {
        clear.run(open, subject, factor);
        return;
      }
      const lastFailure = failed > 0 ? time : null;
      if (add.run(failed, open, lastFailure, subject, factor).changes === 0) {
        insert.run(subject, factor, failed, open, lastFailure);
      }
    },
  };
}
