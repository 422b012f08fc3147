import { afterAll, beforeAll } from "vitest";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { openTestPostgres } from "../support/postgres.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { describeStore } from "./store.ts";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

describeStore("PostgreSQL", async () => {
  const { url, drop } = await postgres.createDatabase();
  return {
    open: (role, context) =>
      openPostgresStore({ url, exclusive: role === "server", ...context }),
    destroy: drop,
  };
});
