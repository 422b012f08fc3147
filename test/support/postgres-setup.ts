import { openTestPostgres } from "./postgres.ts";
import { startPostgresServer } from "./postgres-server.ts";

/**
 * One server for all tests that run on PostgreSQL, unless the caller has named one, and one database of which others are
 * copies. Returns what ends them.
 */
export default async function setUp(): Promise<() => Promise<void>> {
  const server =
    process.env["TEST_POSTGRES_URL"] === undefined
      ? await startPostgresServer()
      : undefined;
  process.env["TEST_POSTGRES_URL"] ??= server?.url("postgres");
  const postgres = await openTestPostgres();
  const template = await postgres.createMigrated();
  process.env["TEST_POSTGRES_TEMPLATE"] = new URL(template.url).pathname.slice(
    1,
  );
  return async () => {
    await template.drop();
    await postgres.close();
    await server?.remove();
  };
}
