import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import type { PostgresServer } from "../support/postgres-server.ts";

let server: PostgresServer;
let other: Client;
beforeEach(async () => {
  // One of its own: who locks a table of the system is a superuser.
  server = await startPostgresServer();
  other = new Client({ connectionString: server.url("postgres") });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await server.remove();
});

it("a node starts though another creates the lock's table after this one has looked for it", async () => {
  await other.query(`
    BEGIN;
    CREATE TABLE lockoutd_lock (only_one BIGINT NOT NULL PRIMARY KEY);
    LOCK TABLE pg_class IN SHARE ROW EXCLUSIVE MODE`);
  const opening = openPostgresStore({
    ...{ url: server.url("postgres"), exclusive: true },
  });
  // It has looked, and waits to create.
  const waiting = () =>
    server.query(
      "SELECT 1 FROM pg_locks WHERE relation = 'pg_class'::regclass AND mode = 'RowExclusiveLock' AND NOT granted",
    );
  await expect.poll(waiting).toHaveLength(1);
  await other.query("COMMIT");

  const store = await opening;
  expect(await store.lastPosition()).toBe(0);
  await store.close();
});
