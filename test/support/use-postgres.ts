import { afterAll, beforeAll } from "vitest";
import { openTestPostgres } from "./postgres.ts";
import type { TestPostgres } from "./postgres.ts";

/** A PostgreSQL server for the tests of a file, or of a `describe`. */
export function usePostgres(): Omit<TestPostgres, "close"> {
  let postgres: TestPostgres | undefined;
  beforeAll(async () => {
    postgres = await openTestPostgres();
  });
  afterAll(() => postgres?.close());
  const opened = () => {
    if (postgres === undefined) {
      throw new Error("no test runs yet");
    }
    return postgres;
  };
  return {
    createDatabase: () => opened().createDatabase(),
    createMigrated: () => opened().createMigrated(),
  };
}
