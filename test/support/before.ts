import { readFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { Client } from "pg";
import { openDatabase } from "../../src/store/postgres/database.ts";
import { migrate as migratePostgres } from "../../src/store/postgres/migrate.ts";
import { migrations as postgresMigrations } from "../../src/store/postgres/migrations/all.ts";
import { migrate as migrateSqlite } from "../../src/store/sqlite/migrate.ts";
import { migrations as sqliteMigrations } from "../../src/store/sqlite/migrations/all.ts";

/** The rows of a database that the first version has filled, by table. */
type Rows = Readonly<
  Record<string, readonly Readonly<Record<string, RowValue>>[]>
>;
type RowValue = string | number | null | { readonly hex: string };

type Engine = "sqlite" | "postgres";

/** The time at which the databases of the version before were left, about: attempts are open in them. */
export const leftAt = Date.UTC(2026, 10, 1, 0, 0, 1);

/** Makes an SQLite file as the first version has left it. */
export async function makeSqliteBefore(path: string): Promise<void> {
  const rows = await readRows("sqlite");
  const database = new Database(path);
  migrateSqlite(database, sqliteMigrations.slice(0, 2));
  database.exec("DELETE FROM names");
  for (const [table, columns, values] of inserts(rows)) {
    const marks = columns.map(() => "?").join(", ");
    database
      .prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`)
      .run(...values);
  }
  database.close();
}

/** Makes a PostgreSQL database as the first version has left it. */
export async function makePostgresBefore(url: string): Promise<void> {
  const rows = await readRows("postgres");
  const database = openDatabase(url);
  await migratePostgres(database, postgresMigrations.slice(0, 1));
  await database.close();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("DELETE FROM names");
  await client.query("DELETE FROM log_head");
  for (const [table, columns, values] of inserts(rows)) {
    const marks = columns.map((_column, index) => `$${index + 1}`).join(", ");
    await client.query(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`,
      [...values],
    );
  }
  await client.query("SELECT setval('subject_keys', 1001)");
  await client.query("SELECT setval('name_recency', 1001)");
  await client.end();
}

/** The id of the open attempt of a factor. */
export async function openAttemptBefore(
  engine: Engine,
  factor: string,
): Promise<string> {
  const { attempts = [] } = await readRows(engine);
  const open = attempts.find(
    (row) => row["factor"] === factor && row["outcome"] === null,
  );
  const id = open?.["id"];
  if (typeof id !== "string") {
    throw new Error(`no attempt of ${factor} is open`);
  }
  return id;
}

async function readRows(engine: Engine): Promise<Rows> {
  const file = new URL(`../store/before/${engine}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")) as Rows;
}

function inserts(rows: Rows) {
  return Object.entries(rows).flatMap(([table, all]) =>
    all.map(
      (row) =>
        [
          table,
          Object.keys(row),
          Object.values(row).map((value) =>
            typeof value === "object" && value !== null
              ? Buffer.from(value.hex, "hex")
              : value,
          ),
        ] as const,
    ),
  );
}
