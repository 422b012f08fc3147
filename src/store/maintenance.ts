import { databasePath } from "./open.ts";
import { backupSqlite } from "./sqlite/backup.ts";
import { checkSqlite } from "./sqlite/check.ts";
import type { CheckReport } from "./store.ts";

/**
 * Copies a database into a new file, also while it is served. Throws StoreRefusedError where the URL or the file cannot
 * be, and StoreUnavailableError.
 */
export function backupDatabase(url: string, target: string): void {
  backupSqlite(databasePath(url), target);
}

/** Verifies a database, also while it is served. Throws as `backupDatabase` does. */
export function checkDatabase(url: string): CheckReport {
  return checkSqlite(databasePath(url));
}
