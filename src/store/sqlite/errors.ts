import Database from "better-sqlite3";
import { StoreUnavailableError } from "../store.ts";

/** What an operator can do about SQLite's primary result codes that are about the file, not about a statement. */
const remedies = new Map<string, string>([
  [
    "SQLITE_BUSY",
    "another program keeps the database locked: end it, then try again",
  ],
  [
    "SQLITE_LOCKED",
    "another program keeps the database locked: end it, then try again",
  ],
  ["SQLITE_FULL", "the disk is full: make room"],
  [
    "SQLITE_IOERR",
    "the disk or its file system reports an error: see the system's log, make room, check quotas and limits",
  ],
  [
    "SQLITE_READONLY",
    "the database cannot be written: check the owner and mode of the file and its directory, and the mount",
  ],
  [
    "SQLITE_CORRUPT",
    "the database is damaged: stop the server and restore a backup",
  ],
  [
    "SQLITE_NOTADB",
    "the file is not an SQLite database: stop the server and restore a backup",
  ],
  [
    "SQLITE_CANTOPEN",
    "the database cannot be opened: check that the file and its directory exist and may be read and written",
  ],
  ["SQLITE_PERM", "access is denied: check the owner and mode of the file"],
  ["SQLITE_NOMEM", "memory has run out"],
  ["SQLITE_NOLFS", "the file has become too large for its file system"],
  [
    "SQLITE_PROTOCOL",
    "the database's locks do not work: do not keep it on a network file system",
  ],
  ["SQLITE_INTERRUPT", "the statement was interrupted: try again"],
]);

/** The primary result code of an error of SQLite, such as `SQLITE_IOERR` for `SQLITE_IOERR_FSYNC`. */
export function primaryCode(error: unknown): string | undefined {
  if (!(error instanceof Database.SqliteError)) {
    return undefined;
  }
  return error.code.split("_").slice(0, 2).join("_");
}

/** Whether this says that the file cannot be used now, rather than that a statement or a caller is wrong. */
export function isUnavailable(error: unknown): boolean {
  return remedies.has(primaryCode(error) ?? "");
}

/** The error of the port for whatever keeps the database from being used. */
export function unavailable(error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) {
    return error;
  }
  const code =
    error instanceof Database.SqliteError ? error.code : "unexpected error";
  const remedy =
    remedies.get(primaryCode(error) ?? "") ?? "the cause says what happened";
  return new StoreUnavailableError(
    `the SQLite database cannot be used (${code}): ${remedy}`,
    { cause: error },
  );
}
