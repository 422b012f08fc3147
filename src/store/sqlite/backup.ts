import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreRefusedError } from "../store.ts";
import { primaryCode, unavailable } from "./errors.ts";
import { createOwnerOnly } from "./file-access.ts";
import { openForReading } from "./read-only.ts";

/**
 * Copies the database as it is at this moment into a new file, also while it is served: in WAL mode a reader keeps nobody from
 * writing. The copy is complete and on the disk when this returns, or there is none.
 *
 * `VACUUM INTO` rather than SQLite's backup API: that starts over whenever another process writes, so on a busy
 * server it might never end.
 *
 * @throws StoreRefusedError where there is a file of that name, or no such database, and StoreUnavailableError
 */
export function backupSqlite(path: string, target: string): void {
  const file = resolve(target);
  if (existsSync(file)) {
    throw new StoreRefusedError(
      `${file} exists already: name a new file, so that no backup is lost`,
    );
  }
  if (!existsSync(dirname(file))) {
    throw new StoreRefusedError(
      `the directory ${dirname(file)} for the backup does not exist: create it, or name another one`,
    );
  }
  const database = openForReading(path);
  const unfinished = `${file}.unfinished-${process.pid}`;
  try {
    // It holds what the database holds.
    createOwnerOnly(unfinished);
    database.prepare("VACUUM INTO ?").run(unfinished);
    sync(unfinished);
    // Unlike a rename, this never replaces a file that came to be meanwhile.
    linkSync(unfinished, file);
    sync(dirname(file));
  } catch (error) {
    throw failure(error, file);
  } finally {
    remove(unfinished);
    database.close();
  }
}

/** SQLite says when the database is at fault, or has no space to write; all else is about the new file. */
function failure(error: unknown, file: string): Error {
  if (primaryCode(error) !== undefined) {
    return unavailable(error);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreRefusedError(
    `the backup ${file} cannot be written (${reason}): check the path and the mount, or name another one`,
    { cause: error },
  );
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Why there is none has been told.
  }
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
