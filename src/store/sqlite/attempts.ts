import type { Database } from "better-sqlite3";
import {
  attemptColumns as columns,
  clientColumn,
  closedColumns,
  toAttempt,
} from "../rows.ts";
import type { AttemptRow } from "../rows.ts";
import type { AttemptTable } from "../tables.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** {@link AttemptTable}, and what keeps it small. Changes are made inside a transaction. */
export interface Attempts extends AttemptTable {
  removeOpen(subject: number): void;
  /** Whether `forget` would remove any. */
  isForgettable(time: number, limit: number): boolean;
  /** Removes closed attempts that would have expired at this time. Looks at so many of the oldest ones; says how many it removed. */
  forget(time: number, limit: number): number;
}

export function prepareAttempts(
  database: Database,
  memory: TransactionMemory,
): Attempts {
  const find = database.prepare<[string], AttemptRow>(
    `SELECT ${columns} FROM attempts WHERE id = ?`,
  );
  const open = database.prepare<
    [string, number, string, string | null, number]
  >(
    `INSERT INTO attempts (id, subject, factor, client, expire_time) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const close = database.prepare<[string, string, string]>(
    // The client was for its event: what is kept for long is small.
    "UPDATE attempts SET outcome = ?, result = ?, client = NULL WHERE id = ?",
  );
  const voidOpen = database.prepare<[string, string, number]>(
    "UPDATE attempts SET outcome = ?, result = ?, client = NULL WHERE outcome IS NULL AND subject = ?",
  );
  // Nothing has expired before this time, so that most commands need not look. What is closed may leave it too early, never too late.
  const firstExpiry = database
    .prepare<[], number | null>(
      "SELECT min(expire_time) FROM attempts WHERE outcome IS NULL",
    )
    .pluck();
  const earliest = memory.value(() => firstExpiry.get() ?? Infinity);
  // `+?`: see the last sequence of events.ts.
  const expiredOf = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM attempts
     WHERE outcome IS NULL AND subject = +? AND expire_time <= +? ORDER BY expire_time, id`,
  );
  const expired = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM attempts
     WHERE outcome IS NULL AND expire_time <= ? ORDER BY expire_time, id LIMIT ?`,
  );
  const removeOpen = database.prepare<[number]>(
    "DELETE FROM attempts WHERE outcome IS NULL AND subject = ?",
  );
  // Ids are in the order of time, so the oldest attempts come first: no index by time is needed.
  const old = `SELECT id FROM (SELECT id, outcome, expire_time FROM attempts ORDER BY id LIMIT ?)
    WHERE outcome IS NOT NULL AND expire_time <= ?`;
  const isForgettable = database
    .prepare<[number, number], number>(`SELECT EXISTS (${old})`)
    .pluck();
  const forget = database.prepare<[number, number]>(
    `DELETE FROM attempts WHERE id IN (${old})`,
  );
  return {
    find: (attemptId) => {
      const row = find.get(attemptId);
      return row && toAttempt(row);
    },
    open: (subject, { id, factor, client, expireTime }) => {
      const columns = [factor, clientColumn(client), expireTime] as const;
      if (open.run(id, subject, ...columns).changes === 0) return false;
      if (expireTime < earliest.get()) earliest.set(expireTime);
      return true;
    },
    close: (attemptId, closed) => {
      close.run(...closedColumns(closed), attemptId);
    },
    voidOpen: (subject) => {
      voidOpen.run(...closedColumns({ outcome: "void" }), subject);
    },
    expiredOf: (subject, time) =>
      earliest.get() > time ? [] : expiredOf.all(subject, time).map(toAttempt),
    expired: (time, limit) => expired.all(time, limit).map(toAttempt),
    removeOpen: (subject) => {
      removeOpen.run(subject);
    },
    isForgettable: (time, limit) => isForgettable.get(limit, time) === 1,
    forget: (time, limit) => forget.run(limit, time).changes,
  };
}
