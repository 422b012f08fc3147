import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { StoreRefusedError } from "../store.ts";

/** A step of the schema, forward only. */
export interface Migration {
  /** Counts from 1. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** What SQL cannot do: runs after it, in the same transaction. */
  readonly run?: (database: Database) => void;
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * The migrations that this database still needs. Changes nothing.
 *
 * @throws StoreRefusedError where the database is not ours, comes from a newer version, or was made by other migrations than
 *   ours
 */
export function pendingMigrations(
  database: Database,
  migrations: readonly Migration[],
): readonly Migration[] {
  const applied = readApplied(database);
  const last = applied.at(-1);
  if (last !== undefined && last.number > migrations.length) {
    throw new StoreRefusedError(
      `the database ${database.name} has schema version ${last.number} (${last.name}), but this lockoutd knows ` +
        `versions up to ${migrations.length} only: run the newer lockoutd that upgraded it, or restore a backup ` +
        `from before the upgrade`,
    );
  }
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const migration = migrations[index];
    if (migration?.number === number && checksumOf(migration) === checksum) {
      continue;
    }
    throw new StoreRefusedError(
      `the database ${database.name} was made by another build of lockoutd: its migration ${number} (${name}) is ` +
        `not the one of this build. Run the lockoutd that made it, or restore a backup`,
    );
  }
  return migrations.slice(applied.length);
}

/** Brings the database to the newest schema, all steps in one transaction. @throws as {@link pendingMigrations} does */
export function migrate(
  database: Database,
  migrations: readonly Migration[],
): void {
  database
    .transaction(() => {
      const pending = pendingMigrations(database, migrations);
      if (pending.length === 0) {
        return;
      }
      database.exec(
        `CREATE TABLE IF NOT EXISTS lockoutd_migrations (
           number INTEGER NOT NULL PRIMARY KEY,
           name TEXT NOT NULL,
           checksum TEXT NOT NULL
         ) STRICT`,
      );
      const record = database.prepare<[number, string, string]>(
        "INSERT INTO lockoutd_migrations (number, name, checksum) VALUES (?, ?, ?)",
      );
      for (const migration of pending) {
        database.exec(migration.sql);
        migration.run?.(database);
        record.run(migration.number, migration.name, checksumOf(migration));
      }
    })
    .immediate();
}

function readApplied(database: Database): readonly Applied[] {
  const tables = database
    .prepare<[], { readonly name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table'",
    )
    .all();
  if (tables.length === 0) {
    return [];
  }
  if (!tables.some(({ name }) => name === "lockoutd_migrations")) {
    throw new StoreRefusedError(
      `${database.name} is an SQLite database of another program (it has tables, but none of lockoutd's): ` +
        `name another file`,
    );
  }
  return database
    .prepare<[], Applied>(
      "SELECT number, name, checksum FROM lockoutd_migrations ORDER BY number",
    )
    .all();
}

function checksumOf({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}
