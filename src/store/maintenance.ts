import { resolve } from "node:path";
import { databasePath, isPostgres } from "./open.ts";
import { checkPostgres } from "./postgres/check.ts";
import { openPostgresSource, openPostgresTarget } from "./postgres/transfer.ts";
import { backupSqlite } from "./sqlite/backup.ts";
import { checkSqlite } from "./sqlite/check.ts";
import { openSqliteSource, openSqliteTarget } from "./sqlite/transfer.ts";
import type { CheckReport } from "./store.ts";
import { StoreRefusedError } from "./store.ts";
import { withHooksDisabled } from "./shared/quiet-copy.ts";
import { copyInstallation } from "./shared/transfer.ts";
import type { CopyReport } from "./shared/transfer.ts";

/**
 * Copies a database into a new file, also while it is served.
 *
 * @throws StoreRefusedError where the URL or the file cannot be, or the database is PostgreSQL's, and StoreUnavailableError
 */
export function backupDatabase(url: string, target: string): void {
  if (isPostgres(url)) {
    throw new StoreRefusedError(
      "a PostgreSQL database is backed up with its own tools: pg_dump, or pg_basebackup with an archive of its log",
    );
  }
  backupSqlite(databasePath(url), target);
}

/** Verifies a database, also while it is served. @throws StoreRefusedError, StoreUnavailableError */
export async function checkDatabase(url: string): Promise<CheckReport> {
  return isPostgres(url) ? checkPostgres(url) : checkSqlite(databasePath(url));
}

/**
 * Copies an installation into a database with nothing in it, or goes on with a copy that was broken off, and compares both.
 *
 * @param onProgress is told how many rows are copied, of how many.
 * @param withHooks whether hooks stay as they are; else they are disabled in the copy
 * @throws as {@link copyInstallation} does
 */
export async function copyDatabase(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void,
  withHooks = false,
): Promise<CopyReport> {
  if (placeOf(from) === placeOf(to)) {
    throw new StoreRefusedError(
      "--from and --to name the same database: name another one to copy to",
    );
  }
  const source = isPostgres(from)
    ? await openPostgresSource(from)
    : openSqliteSource(databasePath(from));
  try {
    const target = isPostgres(to)
      ? await openPostgresTarget(to)
      : openSqliteTarget(databasePath(to));
    try {
      return await copyInstallation(
        withHooks ? source : withHooksDisabled(source),
        target,
        onProgress,
      );
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function placeOf(url: string): string {
  // One that cannot be read is told of by who opens it.
  return isPostgres(url)
    ? (URL.parse(url)?.href ?? url)
    : resolve(databasePath(url));
}
