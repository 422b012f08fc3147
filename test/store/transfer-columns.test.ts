import Database from "better-sqlite3";
import { Client } from "pg";
import { expect, test } from "vitest";
import { openPostgresTarget } from "../../src/store/postgres/transfer.ts";
import { openSqliteTarget } from "../../src/store/sqlite/transfer.ts";
import { columnsOf, transferTables } from "../../src/store/shared/transfer.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

/** Tables and columns that a copy does not take over row by row, and why. */
const leftOut: Readonly<Record<string, string>> = {
  copy_state: "says how far the copy into this database is",
  names: "the key is adopted, and the rest counted anew",
  lockoutd_migrations: "written by the migrations of the target",
  lockoutd_lock: "one row, written by the migrations of the target",
  org_removal: "has no rows",
  policy_owners: "filled from policies",
  log_head: "counted anew from events",
  name_counts: "counted anew from subjects",
  user_counts: "counted anew from subjects",
  locked_counts: "counted anew from subjects, by triggers",
  name_events: "read by nobody",
  name_log_head: "of name_events",
  machines: "who serves the database now",
  "hook_sender.holder": "who sends now",
  "hook_sender.lease_end": "who sends now",
  sqlite_sequence: "kept by SQLite",
  "subjects.sequence": "counted anew from events",
  "events.creation_date": "for nodes of the version before",
  "policies.creation_date": "for nodes of the version before",
  "policies.change_date": "for nodes of the version before",
};

const postgres = usePostgres();

/** `table.column` of everything that a copy takes over. */
const copied = transferTables.flatMap((table) =>
  columnsOf(table).map(({ name }) => `${table.name}.${name}`),
);

function withoutLeftOut(columns: readonly string[]): readonly string[] {
  return columns
    .filter((column) => !(column in leftOut))
    .filter((column) => !((column.split(".")[0] ?? "") in leftOut))
    .toSorted();
}

test("a copy takes over every column of SQLite", async () => {
  const directory = await makeTempDir();
  const path = directory.file("lockoutd.db");
  await openSqliteTarget(path).close();
  const database = new Database(path, { readonly: true });
  const columns = database
    .prepare<[], string>(
      `SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
       WHERE t.type = 'table'`,
    )
    .pluck()
    .all();
  database.close();
  await directory.remove();
  expect(withoutLeftOut(columns)).toEqual(copied.toSorted());
});

test("a copy takes over every column of PostgreSQL", async () => {
  const { url, drop } = await postgres.createDatabase();
  await (await openPostgresTarget(url)).close();
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = current_schema()`,
  );
  await client.end();
  await drop();
  expect(withoutLeftOut(rows.map(({ name }) => name))).toEqual(
    copied.toSorted(),
  );
});
