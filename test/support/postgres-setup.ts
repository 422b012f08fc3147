import { startPostgresServer } from "./postgres-server.ts";

/** One server for all tests that run on PostgreSQL, unless the caller has named one. Returns what ends it. */
export default async function setUp(): Promise<() => Promise<void>> {
  if (process.env["TEST_POSTGRES_URL"] !== undefined) {
    return async () => undefined;
  }
  const server = await startPostgresServer();
  process.env["TEST_POSTGRES_URL"] = server.url("postgres");
  return () => server.remove();
}
