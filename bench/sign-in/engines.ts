import { join } from "node:path";
import { createDatabase, startPostgres } from "../support/postgres.ts";
import { subDirectory } from "../support/temp-dir.ts";

/** What databases are of. */
export type Engine = "sqlite" | "postgres";

/**
 * Runs with the URL of a new database.
 *
 * @throws Error where there is no PostgreSQL to measure
 */
export async function withDatabase(
  engine: Engine,
  directory: string,
  run: (database: string) => Promise<void>,
): Promise<void> {
  if (engine === "sqlite") {
    await run(join(directory, "lockoutd.db"));
    return;
  }
  const postgres = await startPostgres(subDirectory(directory, engine));
  if ("skipped" in postgres) {
    throw new Error(`PostgreSQL cannot be measured: ${postgres.skipped}`);
  }
  try {
    await run(await createDatabase(postgres.port, "sign_in"));
  } finally {
    await postgres.stop();
  }
}
