import type { Database } from "better-sqlite3";
import type { Factor } from "../../lockout/factor.ts";
import type { Counter, CounterStep } from "../../lockout/user.ts";

export type CountersByFactor = Readonly<Record<Factor, Counter>>;

export interface Counters {
  read(subject: number): CountersByFactor;
  /** Takes a step at this time. Inside a transaction. */
  step(subject: number, step: CounterStep, time: number): void;
}

interface CounterRow {
  readonly factor: Factor;
  readonly failed: number;
  readonly open: number;
  readonly last_failure: number | null;
}

const zero: Counter = { failed: 0, open: 0, lastFailure: undefined };

/** The counters of a subject that was never seen. */
export const zeroCounters: CountersByFactor = {
  password: zero,
  totp: zero,
  otp_sms: zero,
  otp_email: zero,
  recovery_code: zero,
};

export function prepareCounters(database: Database): Counters {
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
