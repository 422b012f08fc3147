import { StoreRefusedError } from "../store.ts";
import { countLockedSql } from "../shared/figures.ts";
import {
  columnsOf,
  copyStateSql,
  keyOf,
  transferTables,
} from "../shared/transfer.ts";
import type {
  Cell,
  CopyState,
  Row,
  TransferColumn,
  TransferSource,
  TransferTable,
  TransferTarget,
} from "../shared/transfer.ts";
import { begin, commit, nowSql, openDatabase, unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Value } from "./values.ts";
import { restMs } from "./machine.ts";
import { migrate, requireMigrated } from "./migrate.ts";
import { migrations } from "./migrations/all.ts";

const types: Readonly<Record<TransferColumn["type"], string>> = {
  text: "text",
  integer: "bigint",
  bytes: "bytea",
};

/**
 * Opens a database to copy it from.
 *
 * @throws StoreRefusedError where it is not ours or nodes serve it, and StoreUnavailableError
 */
export async function openPostgresSource(url: string): Promise<TransferSource> {
  const database = openDatabase(url);
  try {
    await requireMigrated(database, migrations);
    const { rows } = await database.query(
      unnamed(
        `SELECT count(*) AS count FROM machines
         WHERE lease_end > ${nowSql} + ${restMs}`,
      ),
    );
    if (Number(rows[0]?.["count"]) > 0) {
      throw new StoreRefusedError(
        `${database.name} is served: stop the nodes first, so that nothing changes while it is copied (one that was killed counts for a minute)`,
      );
    }
    return { ...reader(database), close: () => database.close() };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Opens a database to fill it, and creates the tables where there are none. @throws as a node's start does */
export async function openPostgresTarget(url: string): Promise<TransferTarget> {
  const database = openDatabase(url);
  try {
    await migrate(database, migrations);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    ...reader(database),
    mark: async (state) => {
      await database.use(async ({ send }) => {
        await send(
          [begin],
          [unnamed("DELETE FROM copy_state")],
          [
            unnamed(
              "INSERT INTO copy_state (only_one, state) SELECT 1, $1::text WHERE $1::text IS NOT NULL",
            ),
            state ?? null,
          ],
          [commit],
        );
      });
    },
    clear: async () => {
      const deletions = transferTables
        .toReversed()
        .map(({ name }) => [unnamed(`DELETE FROM ${name}`)] as const);
      await database.use(async ({ send }) => {
        await send([begin], ...deletions, [commit]);
      });
    },
    adopt: async (identity) => {
      await database.query(unnamed("UPDATE names SET hash_key = $1"), identity);
    },
    lastKey: async (table) => {
      const { rows } = await database.query(
        unnamed(
          `SELECT ${names(table.key)} FROM ${table.name}
           ORDER BY ${table.key.map(({ name }) => `${name} DESC`).join(", ")} LIMIT 1`,
        ),
      );
      const [last] = rows;
      return last && keyOf(table, toRow(table.key, last));
    },
    write: (table, rows) => write(database, table, rows),
    finish: () => finish(database),
    close: () => database.close(),
  };
}

function reader(database: PostgresDatabase): Omit<TransferSource, "close"> {
  return {
    name: database.name,
    copyState: () => readCopyState(database),
    identity: async () => {
      const { rows } = await database.query(
        unnamed("SELECT hash_key FROM names"),
      );
      return rows[0]?.["hash_key"] as Uint8Array;
    },
    count: async ({ name }) => {
      const { rows } = await database.query(
        unnamed(`SELECT count(*) AS count FROM ${name}`),
      );
      return Number(rows[0]?.["count"]);
    },
    read: async (table, after, limit) => {
      const marks = table.key.map((_column, index) => `$${index + 2}`);
      const where =
        after === undefined
          ? ""
          : `WHERE (${names(table.key)}) > (${marks.join(", ")})`;
      const { rows } = await database.query(
        unnamed(
          `SELECT ${names(columnsOf(table))} FROM ${table.name} ${where}
           ORDER BY ${names(table.key)} LIMIT $1`,
        ),
        ...[limit, ...(after ?? [])],
      );
      return rows.map((row) => toRow(columnsOf(table), row));
    },
  };
}

/** How far a copy into this database is, if it is the target of one. */
export async function readCopyState(
  database: PostgresDatabase,
): Promise<CopyState | undefined> {
  const { rows } = await database.query(unnamed(copyStateSql));
  return rows[0]?.["state"] as CopyState | undefined;
}

async function write(
  database: PostgresDatabase,
  table: TransferTable,
  rows: readonly Row[],
): Promise<void> {
  const columns = columnsOf(table);
  const arrays = columns.map(
    ({ type }, index) => `$${index + 1}::${types[type]}[]`,
  );
  // Of this engine alone: filled in when all rows are there.
  const [more, values] =
    table.name === "subjects" ? [", sequence", ", 0"] : ["", ""];
  await database.query(
    unnamed(
      `INSERT INTO ${table.name} (${names(columns)}${more})
       SELECT r.*${values} FROM unnest(${arrays.join(", ")}) AS r (${names(columns)})`,
    ),
    ...columns.map((_column, index): Value =>
      rows.map((row) => row[index] ?? null),
    ),
  );
}

/** What this engine keeps beside the rows: last sequences, the head of the log, where sequences of keys go on. */
async function finish(database: PostgresDatabase): Promise<void> {
  await database.use(async ({ send }) => {
    await send(
      [begin],
      [
        unnamed(
          `UPDATE subjects SET sequence = last.sequence FROM (
               SELECT aggregate_id, resource_owner, max(sequence) AS sequence FROM events
               WHERE aggregate_type = 'user' GROUP BY aggregate_id, resource_owner) AS last
             WHERE subjects.user_id = last.aggregate_id AND subjects.org_id = last.resource_owner`,
        ),
      ],
      [unnamed("DELETE FROM user_counts")],
      [
        unnamed(
          `INSERT INTO user_counts (org_id, count)
             SELECT org_id, count(*) FROM subjects WHERE user_id IS NOT NULL GROUP BY org_id`,
        ),
      ],
      [unnamed("DELETE FROM locked_counts")],
      [unnamed(countLockedSql)],
      [unnamed("DELETE FROM policy_owners")],
      [
        unnamed(
          `INSERT INTO policy_owners (owner_kind, resource_owner, sequence)
             SELECT aggregate_type, resource_owner, max(sequence) FROM events
             WHERE aggregate_type <> 'user' GROUP BY aggregate_type, resource_owner`,
        ),
      ],
      [
        unnamed(
          `UPDATE log_head SET position = coalesce((SELECT max(position) FROM events), 0),
             date_micros = coalesce((SELECT creation_micros FROM events ORDER BY position DESC LIMIT 1), 0)`,
        ),
      ],
      [
        unnamed(
          "SELECT setval('subject_keys', (SELECT coalesce(max(key), 0) + 1 FROM subjects))",
        ),
      ],
      [
        unnamed(
          "SELECT setval('noted_lock_keys', (SELECT coalesce(max(key), 0) + 1 FROM noted_locks))",
        ),
      ],
      [
        unnamed(
          "SELECT setval('name_recency', (SELECT coalesce(max(recency), 0) + 1 FROM subjects))",
        ),
      ],
      [commit],
    );
  });
}

function names(columns: readonly TransferColumn[]): string {
  return columns.map(({ name }) => name).join(", ");
}

function toRow(
  columns: readonly TransferColumn[],
  row: Readonly<Record<string, unknown>>,
): Row {
  return columns.map(({ name }) => row[name] as Cell);
}
