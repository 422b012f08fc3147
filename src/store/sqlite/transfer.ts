import type { Database } from "better-sqlite3";
import { StoreRefusedError } from "../store.ts";
import { countLockedSql } from "../shared/figures.ts";
import {
  columnsOf,
  copyStateSql,
  keyOf,
  transferTables,
} from "../shared/transfer.ts";
import type {
  Cell,
  CopyState,
  Row,
  TransferColumn,
  TransferSource,
  TransferTable,
  TransferTarget,
} from "../shared/transfer.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { isUnavailable, unavailable } from "./errors.ts";
import { migrations } from "./migrations/all.ts";
import { openForReading } from "./read-only.ts";
import { takeServerLock } from "./server-lock.ts";

/**
 * Opens a database to copy it from; no server serves it meanwhile.
 *
 * @throws StoreRefusedError where there is none or it is served, and StoreUnavailableError
 */
export function openSqliteSource(path: string): TransferSource {
  const database = openForReading(path);
  const lock = takeServerLock(database.name);
  if (lock === undefined) {
    database.close();
    throw new StoreRefusedError(
      `${database.name} is served: stop the server first, so that nothing changes while it is copied`,
    );
  }
  return {
    ...reader(database),
    close: async () => {
      closeDatabase({ database, lock });
    },
  };
}

/** Opens a database to fill it, and creates it where there is none. @throws as a server's start does */
export function openSqliteTarget(path: string): TransferTarget {
  const opened = openDatabase(path, true, migrations);
  const { database } = opened;
  return {
    ...reader(database),
    mark: async (state) => {
      run(
        database.transaction(() => {
          database.exec("DELETE FROM copy_state");
          if (state === undefined) {
            return;
          }
          database
            .prepare<[CopyState]>(
              "INSERT INTO copy_state (only_one, state) VALUES (1, ?)",
            )
            .run(state);
        }),
      );
    },
    clear: async () => {
      run(
        database.transaction(() => {
          for (const { name } of transferTables.toReversed()) {
            database.exec(`DELETE FROM ${name}`);
          }
        }),
      );
    },
    adopt: async (identity) => {
      run(() =>
        database.prepare("UPDATE names SET hash_key = ?").run(identity),
      );
    },
    lastKey: async (table) => {
      const last = run(() =>
        database
          .prepare<[], Cell[]>(
            `SELECT ${names(table.key)} FROM ${table.name}
             ORDER BY ${table.key.map(({ name }) => `${name} DESC`).join(", ")} LIMIT 1`,
          )
          .raw()
          .get(),
      );
      return last && keyOf(table, last);
    },
    write: async (table, rows) => {
      const columns = columnsOf(table);
      const insert = database.prepare<Cell[]>(
        `INSERT INTO ${table.name} (${names(columns)}) VALUES (${marks(columns)})`,
      );
      run(
        database.transaction(() => {
          for (const row of rows) {
            insert.run(...row);
          }
        }),
      );
    },
    finish: async () => {
      run(() =>
        database.exec(
          `UPDATE names SET count = (SELECT count(*) FROM subjects WHERE name_hash IS NOT NULL);
           DELETE FROM name_counts;
           INSERT INTO name_counts (org_id, count)
             SELECT org_id, count(*) FROM subjects WHERE name_hash IS NOT NULL GROUP BY org_id;
           DELETE FROM user_counts;
           INSERT INTO user_counts (org_id, count)
             SELECT org_id, count(*) FROM subjects WHERE user_id IS NOT NULL GROUP BY org_id;
           DELETE FROM locked_counts;
           ${countLockedSql}`,
        ),
      );
    },
    close: async () => {
      closeDatabase(opened);
    },
  };
}

function reader(database: Database): Omit<TransferSource, "close"> {
  return {
    name: database.name,
    copyState: async () => run(() => readCopyState(database)),
    identity: async () => {
      const key = run(() =>
        database
          .prepare<[], Buffer>("SELECT hash_key FROM names")
          .pluck()
          .get(),
      );
      if (key === undefined) {
        throw new Error("the key of the names is missing");
      }
      return key;
    },
    count: async ({ name }) =>
      run(
        () =>
          database
            .prepare<[], number>(`SELECT count(*) FROM ${name}`)
            .pluck()
            .get() ?? 0,
      ),
    read: async (table, after, limit) =>
      run(() => read(database, table, after, limit)),
  };
}

/** How far a copy into this database is, if it is the target of one. */
export function readCopyState(database: Database): CopyState | undefined {
  return database.prepare<[], CopyState>(copyStateSql).pluck().get();
}

function read(
  database: Database,
  table: TransferTable,
  after: Row | undefined,
  limit: number,
): readonly Row[] {
  const where =
    after === undefined
      ? ""
      : `WHERE (${names(table.key)}) > (${marks(table.key)})`;
  return database
    .prepare<Cell[], Cell[]>(
      `SELECT ${names(columnsOf(table))} FROM ${table.name} ${where}
       ORDER BY ${names(table.key)} LIMIT ?`,
    )
    .raw()
    .all(...(after ?? []), limit);
}

function run<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    throw isUnavailable(error) ? unavailable(error) : error;
  }
}

function names(columns: readonly TransferColumn[]): string {
  return columns.map(({ name }) => name).join(", ");
}

function marks(columns: readonly TransferColumn[]): string {
  return columns.map(() => "?").join(", ");
}
