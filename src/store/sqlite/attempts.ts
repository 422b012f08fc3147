import type { Database } from "better-sqlite3";
import {
  attemptColumns as columns,
  clientColumn,
  closedColumns,
  toAttempt,
} from "../shared/rows.ts";
import type { AttemptRow } from "../shared/rows.ts";
import type { AttemptTable } from "../commands/tables.ts";
import { keepClosedMs } from "../users.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** {@link AttemptTable}, and what keeps it small. Changes are made inside a transaction. */
export interface Attempts extends AttemptTable {
  removeOpen(subject: number): void;
  /** Whether `forget` would do anything. */
  isForgettable(time: number, limit: number): boolean;
  /** Removes closed attempts that were kept long enough, of the `limit` oldest ones; returns how many rows it wrote. */
  forget(time: number, limit: number): number;
}

/** Prepares the statements of {@link Attempts}. */
export function prepareAttempts(
  database: Database,
  memory: TransactionMemory,
): Attempts {
  const find = database.prepare<[string], AttemptRow>(
    `SELECT ${columns} FROM attempts WHERE id = ?`,
  );
  const open = database.prepare<
    [
      ...[string, number, string, string | null, number, number],
      ...[string | null, string | null, number],
    ]
  >(
    `INSERT INTO attempts (id, subject, factor, client, begin_time, expire_time, source, device, device_generation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const close = database.prepare<[string, string, string]>(
    // The client is needed for the event only: rows that are kept for long are small.
    "UPDATE attempts SET outcome = ?, result = ?, client = NULL WHERE id = ?",
  );
  const voidOpen = database.prepare<[string, string, number]>(
    "UPDATE attempts SET outcome = ?, result = ?, client = NULL WHERE outcome IS NULL AND subject = ?",
  );
  // No attempt expires before this time, so most commands need no query. After attempts were closed it may be too early, never too late.
  const firstExpiry = database
    .prepare<[], number | null>(
      "SELECT min(expire_time) FROM attempts WHERE outcome IS NULL",
    )
    .pluck();
  const earliest = memory.value(() => firstExpiry.get() ?? Infinity);
  // No attempt was begun later, so no command needs a query unless the clock was set back: provided that all have the same time to live.
  const lastBegin = database
    .prepare<[], number | null>(
      "SELECT begin_time FROM attempts WHERE outcome IS NULL ORDER BY expire_time DESC LIMIT 1",
    )
    .pluck();
  const latest = memory.value(() => lastBegin.get() ?? -Infinity);
  const aheadOf = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM attempts WHERE outcome IS NULL AND subject = ? AND begin_time > ?`,
  );
  const ahead = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM (SELECT * FROM attempts WHERE outcome IS NULL ORDER BY expire_time DESC LIMIT ?)
     WHERE begin_time > ?`,
  );
  const redate = database.prepare<[number, number, string]>(
    "UPDATE attempts SET begin_time = ?, expire_time = ? WHERE id = ?",
  );
  const expiredOf = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM attempts
     WHERE outcome IS NULL AND subject = ? AND expire_time <= ? ORDER BY expire_time, id`,
  );
  const expired = database.prepare<[number, number], AttemptRow>(
    `SELECT ${columns} FROM attempts
     WHERE outcome IS NULL AND expire_time <= ? ORDER BY expire_time, id LIMIT ?`,
  );
  const removeOpen = database.prepare<[number]>(
    "DELETE FROM attempts WHERE outcome IS NULL AND subject = ?",
  );
  // Ids are in the order of time, so the oldest attempts come first: no index by time is needed.
  const oldest = "SELECT * FROM attempts ORDER BY id LIMIT ?";
  const old = `SELECT id FROM (${oldest}) WHERE outcome IS NOT NULL AND expire_time <= ?`;
  // Closed attempts of before the clock was set back would keep newer ones from being removed until the clock reaches them.
  const late = `SELECT id FROM (${oldest}) WHERE outcome IS NOT NULL AND begin_time > ?`;
  const isForgettable = database
    .prepare<[number, number, number, number], number>(
      `SELECT EXISTS (${old}) OR EXISTS (${late})`,
    )
    .pluck();
  const forget = database.prepare<[number, number]>(
    `DELETE FROM attempts WHERE id IN (${old})`,
  );
  const redateClosed = database.prepare<[number, number, number, number]>(
    `UPDATE attempts SET begin_time = ?, expire_time = ? WHERE id IN (${late})`,
  );
  return {
    find: (attemptId) => {
      const row = find.get(attemptId);
      return row && toAttempt(row);
    },
    open: (subject, attempt, source) => {
      const { id, factor, client, beginTime, expireTime } = attempt;
      const { deviceId = null, deviceGeneration = 0 } = attempt;
      const times = [beginTime, expireTime] as const;
      const { changes } = open.run(
        ...[id, subject, factor, clientColumn(client)],
        ...times,
        ...[source ?? null, deviceId, deviceGeneration],
      );
      if (changes === 0) {
        return false;
      }
      if (expireTime < earliest.get()) {
        earliest.set(expireTime);
      }
      if (beginTime > latest.get()) {
        latest.set(beginTime);
      }
      return true;
    },
    close: (attemptId, closed) => {
      close.run(...closedColumns(closed), attemptId);
    },
    voidOpen: (subject) => {
      voidOpen.run(...closedColumns({ outcome: "void" }), subject);
    },
    aheadOf: (subject, time) =>
      latest.get() <= time ? [] : aheadOf.all(subject, time).map(toAttempt),
    ahead: (time, limit) =>
      latest.get() <= time ? [] : ahead.all(limit, time).map(toAttempt),
    redate: ({ id, beginTime, expireTime }) => {
      redate.run(beginTime, expireTime, id);
      latest.set(lastBegin.get() ?? -Infinity);
      if (expireTime < earliest.get()) {
        earliest.set(expireTime);
      }
    },
    expiredOf: (subject, time) =>
      earliest.get() > time ? [] : expiredOf.all(subject, time).map(toAttempt),
    expired: (time, limit) => expired.all(time, limit).map(toAttempt),
    removeOpen: (subject) => {
      removeOpen.run(subject);
    },
    isForgettable: (time, limit) =>
      isForgettable.get(limit, time - keepClosedMs, limit, time) === 1,
    forget: (time, limit) =>
      forget.run(limit, time - keepClosedMs).changes +
      redateClosed.run(time, time, limit, time).changes,
  };
}
