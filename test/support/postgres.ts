import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { startPostgresServer } from "./postgres-server.ts";

/** A PostgreSQL server on which tests have databases of their own. */
export interface TestPostgres {
  /** A database with nothing in it. */
  createDatabase(): Promise<{
    readonly url: string;
    readonly drop: () => Promise<void>;
  }>;
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
  return {
    createDatabase: async () => {
      const name = `lockoutd_test_${randomUUID().replaceAll("-", "")}`;
      await admin.query(`CREATE DATABASE ${name}`);
      const url = new URL(base);
      url.pathname = `/${name}`;
      return {
        url: url.href,
        drop: async () => {
          await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
        },
      };
    },
    close: async () => {
      await admin.end();
      await server?.remove();
    },
  };
}
