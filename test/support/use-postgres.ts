import { afterAll, beforeAll } from "vitest";
import { openTestPostgres } from "./postgres.ts";
import type { TestPostgres } from "./postgres.ts";

/** A PostgreSQL server for the tests of a file, or of a `describe`. */
export function usePostgres(): Pick<TestPostgres, "createDatabase"> {
  let postgres: TestPostgres | undefined;
  beforeAll(async () => {
    postgres = await openTestPostgres();
  });
  afterAll(() => postgres?.close());
  return {
    createDatabase: () => {
      if (postgres === undefined) {
        throw new Error("no test runs yet");
      }
      return postgres.createDatabase();
    },
  };
}
