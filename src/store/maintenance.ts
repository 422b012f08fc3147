import { resolve } from "node:path";
import { databasePath } from "./open.ts";
import { backupSqlite } from "./sqlite/backup.ts";
import { checkSqlite } from "./sqlite/check.ts";
import { openSqliteSource, openSqliteTarget } from "./sqlite/transfer.ts";
import type { CheckReport } from "./store.ts";
import { StoreRefusedError } from "./store.ts";
import { copyInstallation } from "./transfer.ts";
import type { CopyReport } from "./transfer.ts";

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

/**
 * Copies an installation into a database with nothing in it, or goes on with a copy that was broken off, and compares
 * both. Throws as `copyInstallation` does.
 *
 * @param onProgress is told how many rows are copied, of how many.
 */
export async function copyDatabase(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void,
): Promise<CopyReport> {
  const [source, target] = [databasePath(from), databasePath(to)];
  if (resolve(source) === resolve(target)) {
    throw new StoreRefusedError(
      "--from and --to name the same database: name another one to copy to",
    );
  }
  const read = openSqliteSource(source);
  try {
    const filled = openSqliteTarget(target);
    try {
      return await copyInstallation(read, filled, onProgress);
    } finally {
      await filled.close();
    }
  } finally {
    await read.close();
  }
}
