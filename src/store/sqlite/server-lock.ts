import { lstatSync } from "node:fs";
import Database from "better-sqlite3";
import { StoreRefusedError, StoreUnavailableError } from "../store.ts";
import { primaryCode, unavailable } from "./errors.ts";
import { createOwnerOnly, identityOf } from "./file-access.ts";

/** The lock of the one server, or one migration, that has the database. */
export interface ServerLock {
  /**
   * Whether the lock still keeps others out. Where its file was removed or replaced, it is taken again, unless another process
   * was first.
   *
   * @throws StoreUnavailableError where it cannot be taken
   */
  holds(): boolean;
  release(): void;
}

/** How long to wait for the lock, in milliseconds: longer than a migration by a command-line tool takes. */
const lockTimeoutMs = 500;

/**
 * Takes the lock of a database, or returns undefined where another process has it.
 *
 * The lock is an exclusive transaction on an empty SQLite file beside the database, held for as long as the
 * server lives. The kernel frees it when the process dies, however it dies, so there is no stale lock and no
 * guess about process ids; SQLite's own file locking knows how on every system. Why not a transaction on
 * the database itself (`locking_mode=EXCLUSIVE`): the command-line tools work on it while it is served.
 *
 * The empty file stays: to remove it would race with a server that is about to lock it. It is for the owner alone, since
 * whoever may read a file may lock it, and so keep a server from starting.
 */
export function takeServerLock(databasePath: string): ServerLock | undefined {
  const path = `${databasePath}.lock`;
  const first = lockFile(path, lockTimeoutMs);
  if (first === undefined) {
    return undefined;
  }
  let held = first;
  let identity = identityOf(path);
  return {
    holds: () => {
      if (identityOf(path) === identity) {
        return true;
      }
      // Nobody waits meanwhile: the event loop stands still.
      const again = retake(path);
      if (again === undefined) {
        return false;
      }
      held.close();
      held = again;
      identity = identityOf(path);
      return true;
    },
    release: () => {
      held.close();
    },
  };
}

function retake(path: string): Database.Database | undefined {
  try {
    return lockFile(path, 0);
  } catch (error) {
    if (!(error instanceof StoreRefusedError)) {
      throw error;
    }
    throw new StoreUnavailableError(error.message, { cause: error });
  }
}

/** Locks the file, or returns undefined where another process has it locked. */
function lockFile(
  path: string,
  timeout: number,
): Database.Database | undefined {
  createLockFile(path);
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { timeout });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (primaryCode(error) === "SQLITE_BUSY") {
      return undefined;
    }
    if (primaryCode(error) === "SQLITE_NOTADB") {
      throw notOurs(path, error);
    }
    throw unavailable(error);
  }
}

function createLockFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  // Not through a link: it could lock another database, or change a file of another user.
  if (found?.isFile() === false) {
    throw notOurs(path);
  }
  try {
    createOwnerOnly(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreRefusedError(
      `the lock ${path} cannot be created (${reason}): check the owner and mode of its directory, and the mount`,
      { cause: error },
    );
  }
}

function notOurs(path: string, cause?: unknown): StoreRefusedError {
  return new StoreRefusedError(
    `${path} is not a lock of lockoutd, which needs that name for one: move the file away`,
    { cause },
  );
}
