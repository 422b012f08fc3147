import Database from "better-sqlite3";
import { StoreRefusedError } from "../store.ts";
import { primaryCode, unavailable } from "./errors.ts";

/** Says that one server, or one migration, has the database. */
export interface ServerLock {
  release(): void;
}

/** Long enough to outlast a command-line tool that migrates. */
const patienceMs = 500;

/**
 * Takes the lock of a database, or returns undefined where another process has it.
 *
 * The lock is an exclusive transaction on an empty SQLite file beside the database, held for as long as the
 * server lives. The kernel frees it when the process dies, however it dies, so there is no stale lock and no
 * guess about process ids; SQLite's own file locking knows how on every system. Why not a transaction on
 * the database itself (`locking_mode=EXCLUSIVE`): the command-line tools work on it while it is served.
 *
 * The empty file stays: to remove it would race with a server that is about to lock it.
 */
export function takeServerLock(databasePath: string): ServerLock | undefined {
  const path = `${databasePath}.lock`;
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { timeout: patienceMs });
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (primaryCode(error) === "SQLITE_BUSY") return undefined;
    if (primaryCode(error) === "SQLITE_NOTADB") {
      throw new StoreRefusedError(
        `${path} is not a lock of lockoutd, which needs that name for one: move the file away`,
        { cause: error },
      );
    }
    throw unavailable(error);
  }
  const held = database;
  return {
    release: () => {
      held.close();
    },
  };
}
