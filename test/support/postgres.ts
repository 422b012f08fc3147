import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { openDatabase } from "../../src/store/postgres/database.ts";
import { migrate } from "../../src/store/postgres/migrate.ts";
import { migrations } from "../../src/store/postgres/migrations/all.ts";
import { startPostgresServer } from "./postgres-server.ts";

interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

interface NamedDatabase extends TestDatabase {
  readonly name: string;
}

/** A PostgreSQL server on which tests have databases of their own. */
export interface TestPostgres {
  /** A database with nothing in it. */
  createDatabase(): Promise<TestDatabase>;
  /** A database as a new installation has it before its first start. It is copied: the migrations take three times as long. */
  createMigrated(): Promise<TestDatabase>;
  close(): Promise<void>;
}

/**
 * The server of `TEST_POSTGRES_URL`, whose user may create databases; else one that is started for the test file, by the programs
 * of the machine, of Debian's package or of an npm package. Throws where there is none: these tests are not skipped.
 */
export async function openTestPostgres(): Promise<TestPostgres> {
  const given = process.env["TEST_POSTGRES_URL"];
  const server = given === undefined ? await startPostgresServer() : undefined;
  const base = given ?? server?.url("postgres") ?? "";
  const admin = new Client({ connectionString: base });
  await admin.connect();
  const strategy = await copyStrategy(admin);
  const create = async (from?: string): Promise<NamedDatabase> => {
    const name = `lockoutd_test_${randomUUID().replaceAll("-", "")}`;
    const template = from === undefined ? "" : ` TEMPLATE ${from}`;
    await admin.query(`CREATE DATABASE ${name}${template}${strategy}`);
    const url = new URL(base);
    url.pathname = `/${name}`;
    return {
      name,
      url: url.href,
      drop: async () => {
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  };
  const migrated = async () => {
    const template = await create();
    const database = openDatabase(template.url);
    await migrate(database, migrations);
    await database.close();
    return template;
  };
  let template: Promise<NamedDatabase> | undefined;
  return {
    createDatabase: () => create(),
    createMigrated: async () =>
      create(
        process.env["TEST_POSTGRES_TEMPLATE"] ??
          (await (template ??= migrated())).name,
      ),
    close: async () => {
      await (await template)?.drop();
      await admin.end();
      await server?.remove();
    },
  };
}

/** To copy files takes half of what it takes to log each page, unless the server waits for its disk, as those of tests do not. PostgreSQL 15 has the choice. */
async function copyStrategy(admin: Client): Promise<string> {
  const { rows } = await admin.query<{ copies: boolean }>(
    `SELECT current_setting('fsync') = 'off'
       AND current_setting('server_version_num')::integer >= 150000 AS copies`,
  );
  return rows[0]?.copies === true ? " STRATEGY FILE_COPY" : "";
}
