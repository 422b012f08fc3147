import type { Database } from "better-sqlite3";
import type { Factor } from "../../lockout/factor.ts";
import type { Counter } from "../../lockout/user.ts";
import { zeroCounters } from "../tables.ts";
import type { CounterTable } from "../tables.ts";

interface CounterRow {
  readonly factor: Factor;
  readonly failed: number;
  readonly open: number;
  readonly last_failure: number | null;
}

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
    read: (subject) => {
      const counters: Record<Factor, Counter> = { ...zeroCounters };
      for (const row of read.all(subject)) {
        counters[row.factor] = {
          failed: row.failed,
          open: row.open,
          lastFailure: row.last_failure ?? undefined,
        };
      }
      return counters;
    },
    step: (subject, { factor, failed, open }, time) => {
      if (failed === "clear") {
        clear.run(open, subject, factor);
        return;
      }
      const lastFailure = failed > 0 ? time : null;
      if (add.run(failed, open, lastFailure, subject, factor).changes === 0)
        insert.run(subject, factor, failed, open, lastFailure);
    },
  };
}
