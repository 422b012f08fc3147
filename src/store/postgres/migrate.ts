import { createHash, randomBytes } from "node:crypto";
import { StoreRefusedError } from "../store.ts";
import { begin, commit, unnamed } from "./database.ts";
import type { Connection, PostgresDatabase } from "./database.ts";
import { isConflict } from "./errors.ts";

/** A step of the schema, forward only. Nodes of the version before it go on working meanwhile (DESIGN.md). */
export interface Migration {
  /** Counts from 1. */
  readonly number: number;
  readonly name: string;
  /**
   * What takes long: runs before it, again and again until it says that nothing is left, each time in a transaction of its own, so that
   * nodes of the version before go on meanwhile.
   */
  readonly before?: (connection: Connection) => Promise<boolean>;
  readonly sql: string;
  /** What SQL cannot say: runs behind it, in the same transaction. */
  readonly run?: (connection: Connection) => Promise<void>;
}

type PreparedMigration = Migration & Required<Pick<Migration, "before">>;

const maxTries = 10;

const lockMigrations = unnamed("SELECT only_one FROM lockoutd_lock FOR UPDATE");

/**
 * Brings the database to the newest schema, all steps in one transaction, but for one that others run long before: of nodes that start at
 * once, one does it and the others wait.
 *
 * @throws StoreRefusedError where the database is not ours, comes from a newer version, or was made by other migrations than
 *   ours
 */
export async function migrate(
  database: PostgresDatabase,
  migrations: readonly Migration[],
): Promise<void> {
  const { name } = database;
  let prepared: Migration | undefined;
  for (;;) {
    const done = prepared;
    const next = await retried(database, (connection) =>
      migrateLocked(name, connection, migrations, done),
    );
    if (next === undefined) {
      return;
    }
    const { before } = next;
    while (
      await retried(database, async (connection) => {
        await connection.send([lockMigrations]);
        return before(connection);
      })
    ) {}
    prepared = next;
  }
}

/** Works in a transaction, and does it again where it met others': two nodes that create the same table at once. */
async function retried<T>(
  database: PostgresDatabase,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.use(async (connection) => {
        await connection.send([begin]);
        const result = await work(connection);
        await connection.send([commit]);
        return result;
      });
    } catch (error) {
      if (!isConflict(error) || tries === maxTries) {
        throw error;
      }
    }
  }
}

/** Checks the schema, and changes nothing. @throws StoreRefusedError unless the database has the newest schema */
export async function requireMigrated(
  database: PostgresDatabase,
  migrations: readonly Migration[],
): Promise<void> {
  await database.use(async (connection) => {
    const pending = await pendingMigrations(
      database.name,
      connection,
      migrations,
    );
    if (pending.length === 0) {
      return;
    }
    throw new StoreRefusedError(
      pending.length === migrations.length
        ? `the database ${database.name} is empty: "lockoutd serve" fills it when it starts for the first time`
        : `the database ${database.name} is older than this lockoutd: start the server once, which upgrades it`,
    );
  });
}

/**
 * Does what is pending, up to what others run before it.
 *
 * @param prepared a migration before which all has run
 * @returns the migration before which something is to run
 */
async function migrateLocked(
  name: string,
  connection: Connection,
  migrations: readonly Migration[],
  prepared: Migration | undefined,
): Promise<PreparedMigration | undefined> {
  const { send } = connection;
  // Before anything is created: a database of another program stays as it is.
  await pendingMigrations(name, connection, migrations);
  // A row is the lock, since not every engine of this protocol has advisory locks.
  await send([
    unnamed(
      "CREATE TABLE IF NOT EXISTS lockoutd_lock (only_one BIGINT NOT NULL PRIMARY KEY)",
    ),
  ]);
  await send([
    unnamed(
      "INSERT INTO lockoutd_lock (only_one) VALUES (1) ON CONFLICT (only_one) DO NOTHING",
    ),
  ]);
  await send([lockMigrations]);
  const pending = await pendingMigrations(name, connection, migrations);
  if (pending.length === 0) {
    return undefined;
  }
  await send([
    unnamed(
      `CREATE TABLE IF NOT EXISTS lockoutd_migrations (
         number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
       )`,
    ),
  ]);
  const next = pending.find(
    (migration): migration is PreparedMigration =>
      migration.before !== undefined && migration !== prepared,
  );
  for (const migration of pending) {
    if (migration === next) {
      break;
    }
    if (migration.sql !== "") {
      await send([unnamed(migration.sql)]);
    }
    await migration.run?.(connection);
    await send([
      unnamed(
        "INSERT INTO lockoutd_migrations (number, name, checksum) VALUES ($1, $2, $3)",
      ),
      ...[migration.number, migration.name, checksumOf(migration)],
    ]);
  }
  await send([
    unnamed(
      "INSERT INTO names (only_one, hash_key) VALUES (1, $1) ON CONFLICT (only_one) DO NOTHING",
    ),
    randomBytes(32),
  ]);
  return next;
}

async function pendingMigrations(
  name: string,
  connection: Connection,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const applied = await readApplied(name, connection);
  const last = applied.at(-1);
  if (last !== undefined && last.number > migrations.length) {
    throw new StoreRefusedError(
      `the database ${name} has schema version ${last.number} (${last.name}), but this lockoutd knows versions up to ` +
        `${migrations.length} only: run the newer lockoutd that upgraded it`,
    );
  }
  for (const [index, { number, name: step, checksum }] of applied.entries()) {
    const migration = migrations[index];
    if (migration?.number === number && checksumOf(migration) === checksum) {
      continue;
    }
    throw new StoreRefusedError(
      `the database ${name} was made by another build of lockoutd: its migration ${number} (${step}) is not the one of ` +
        `this build. Run the lockoutd that made it, or restore a backup`,
    );
  }
  return migrations.slice(applied.length);
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

async function readApplied(
  name: string,
  { send }: Connection,
): Promise<readonly Applied[]> {
  const [tables] = await send([
    unnamed(
      "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()",
    ),
  ]);
  const names = (tables?.rows ?? []).map(({ name: table }) => table);
  if (names.length === 0) {
    return [];
  }
  if (!names.includes("lockoutd_migrations")) {
    if (names.every((table) => table === "lockoutd_lock")) {
      return [];
    }
    throw new StoreRefusedError(
      `${name} is a database of another program (it has tables, but none of lockoutd's): name another one`,
    );
  }
  const [applied] = await send([
    unnamed(
      "SELECT number, name, checksum FROM lockoutd_migrations ORDER BY number",
    ),
  ]);
  return (applied?.rows ?? []) as unknown as readonly Applied[];
}

function checksumOf({ sql }: Migration): string {
  return createHash("sha256").update(sql).digest("hex");
}
