import { existsSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import { StoreRefusedError } from "../store.ts";
import { primaryCode, unavailable } from "./errors.ts";
import { pendingMigrations } from "./migrate.ts";
import { migrations } from "./migrations/all.ts";

const lockTimeoutMs = 5000;

/**
 * Opens a database to read it, also while it is served.
 *
 * @throws StoreRefusedError where there is none, or it is not of this version, and StoreUnavailableError
 */
export function openForReading(path: string): Database.Database {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new StoreRefusedError(`there is no database ${file}: check the path`);
  }
  let database: Database.Database | undefined;
  try {
    // Not `readonly`: that cannot read a write-ahead log which a killed server has left behind.
    database = new Database(file, {
      fileMustExist: true,
      timeout: lockTimeoutMs,
    });
    if (pendingMigrations(database, migrations).length > 0) {
      throw new StoreRefusedError(
        `the database ${file} is older than this lockoutd: start the server once, which upgrades it`,
      );
    }
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreRefusedError) {
      throw error;
    }
    if (primaryCode(error) === "SQLITE_NOTADB") {
      throw new StoreRefusedError(`${file} is not an SQLite database`, {
        cause: error,
      });
    }
    throw unavailable(error);
  }
}
