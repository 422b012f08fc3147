import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { noMeter, Tally } from "../meter.ts";
import { StoreRefusedError } from "../store.ts";
import type { Transaction } from "./commit-queue.ts";
import { primaryCode, unavailable } from "./errors.ts";
import { closeToOthers, createOwnerOnly } from "./file-access.ts";
import { migrate, pendingMigrations } from "./migrate.ts";
import type { Migration } from "./migrate.ts";
import { planOnce } from "./plan-once.ts";
import { takeServerLock } from "./server-lock.ts";
import type { ServerLock } from "./server-lock.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** A database file that is open, and the lock that a server holds on it. */
export interface OpenDatabase {
  readonly database: Database.Database;
  /** Held by a server. */
  readonly lock: ServerLock | undefined;
}

/** How long the opening of a database waits for another process, in milliseconds. */
const openTimeoutMs = 5000;

/**
 * Opens the database file, migrated and ready. A server (`exclusive`) creates the file where there is none, and is alone in
 * serving it; a command-line tool finds the file, and migrates it only while no server has it.
 *
 * @throws StoreRefusedError or StoreUnavailableError
 */
export function openDatabase(
  path: string,
  exclusive: boolean,
  migrations: readonly Migration[],
): OpenDatabase {
  const file = findFile(path, exclusive);
  let database: Database.Database | undefined;
  let lock: ServerLock | undefined;
  try {
    database = new Database(file, { timeout: openTimeoutMs });
    planOnce(database);
    const pending = pendingMigrations(database, migrations);
    if (exclusive) {
      lock = takeServerLock(file);
      if (lock === undefined) {
        throw new StoreRefusedError(
          `another lockoutd serves ${file}: stop it first, or give this one another database`,
        );
      }
      closeToOthers(file);
      prepare(database, migrations);
    } else if (pending.length > 0) {
      migrateUnserved(database, file, migrations);
    }
    configure(database);
    return { database, lock };
  } catch (error) {
    database?.close();
    lock?.release();
    if (error instanceof StoreRefusedError) {
      throw error;
    }
    if (primaryCode(error) === "SQLITE_NOTADB") {
      throw new StoreRefusedError(
        `${file} is not an SQLite database: name another file`,
        { cause: error },
      );
    }
    throw unavailable(error);
  }
}

/** Closes the file, then lets the next server in. */
export function closeDatabase({ database, lock }: OpenDatabase): void {
  database.close();
  lock?.release();
}

/** The absolute path without symbolic links, so that all processes use the same lock beside the file. */
function findFile(path: string, create: boolean): string {
  const file = resolve(path);
  const directory = dirname(file);
  if (!existsSync(directory)) {
    throw new StoreRefusedError(
      `the directory ${directory} for the database does not exist: create it, or name another one`,
    );
  }
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    // Before it is opened: opening a pipe would block, and ignore signals.
    if (found?.isFile() === false) {
      throw new StoreRefusedError(`the database ${file} is not a file`);
    }
    // The log and the lock are beside it under its name: a process that uses the other name would find neither, and both would write.
    if (found !== undefined && found.nlink > 1) {
      throw new StoreRefusedError(
        `the database ${file} has another name, a hard link: remove the link, or serve a copy`,
      );
    }
    if (create) {
      // It has login names and failed logins. SQLite gives its other files the same mode.
      if (found === undefined) {
        createOwnerOnly(file);
      }
      closeSync(openSync(file, "a"));
    } else if (found === undefined) {
      throw new StoreRefusedError(
        `there is no database ${file}: check the path; "lockoutd serve" creates it`,
      );
    }
    return realpathSync(file);
  } catch (error) {
    if (error instanceof StoreRefusedError) {
      throw error;
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreRefusedError(
      `the database ${file} cannot be opened (${reason}): check the owner and mode of the file and its directory, and the mount`,
      { cause: error },
    );
  }
}

function prepare(
  database: Database.Database,
  migrations: readonly Migration[],
): void {
  // Stored in the file; SQLite cannot change it while there are other connections.
  database.pragma("journal_mode = WAL");
  migrate(database, migrations);
}

function migrateUnserved(
  database: Database.Database,
  file: string,
  migrations: readonly Migration[],
): void {
  const lock = takeServerLock(file);
  if (lock === undefined) {
    throw new StoreRefusedError(
      `the database ${file} is older than this lockoutd and is being served: stop the server, then try again`,
    );
  }
  try {
    prepare(database, migrations);
  } finally {
    lock.release();
  }
}

function configure(database: Database.Database): void {
  // A commit is on the disk when it returns; fullfsync is what that takes on macOS.
  database.pragma("synchronous = FULL");
  database.pragma("fullfsync = ON");
  database.pragma("foreign_keys = ON");
  // For the rollback of savepoints and statements: a temporary file would have each page written twice.
  database.pragma("temp_store = MEMORY");
  // What is deleted is overwritten in the pages that are written anyway: names and addresses are not to be found in the file.
  database.pragma("secure_delete = FAST");
  // After a burst the log shrinks to this many bytes again.
  database.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
}

/**
 * The steps of a transaction on this connection, prepared once. The memory lasts as long as each transaction, and so does what is noted in the tally. The
 * check is made before each, and throws where none may begin.
 */
export function createTransaction(
  database: Database.Database,
  memory: TransactionMemory,
  check: () => void = () => undefined,
  tally = new Tally(noMeter),
): Transaction {
  // Takes the write lock at once: a transaction that reads first may fail at its first write.
  const begin = database.prepare("BEGIN IMMEDIATE");
  const savepoint = database.prepare("SAVEPOINT command");
  const release = database.prepare("RELEASE command");
  const rollbackTo = database.prepare("ROLLBACK TO command");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  const changes = database
    .prepare<[], number>("SELECT total_changes()")
    .pluck();
  /** How much was noted before the last savepoint. */
  let noted = 0;
  return {
    begin: () => {
      check();
      begin.run();
      memory.begin();
    },
    savepoint: () => {
      savepoint.run();
      noted = tally.length;
    },
    release: () => {
      release.run();
    },
    rollbackTo: () => {
      memory.forget();
      rollbackTo.run();
      tally.undo(noted);
    },
    commit: () => {
      memory.end();
      commit.run();
      tally.commit();
    },
    rollback: () => {
      memory.end();
      tally.undo(0);
      if (database.inTransaction) {
        rollback.run();
      }
    },
    changes: () => changes.get() ?? 0,
  };
}

/** Runs a query of several statements on one state of the database, whatever other processes write meanwhile. */
export function createSnapshot(
  database: Database.Database,
): <T>(query: () => T) => T {
  const begin = database.prepare("BEGIN");
  const end = database.prepare("COMMIT");
  return (query) => {
    begin.run();
    try {
      return query();
    } finally {
      if (database.inTransaction) {
        end.run();
      }
    }
  };
}
