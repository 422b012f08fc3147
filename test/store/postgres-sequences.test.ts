import { Client } from "pg";
import { expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { usePostgres } from "../support/use-postgres.ts";

const postgres = usePostgres();

it("events go on where those of a user of the same id ended, who was created and removed while this one was being created", async () => {
  const { url, drop } = await postgres.createDatabase();
  const store = await openPostgresStore({ url, exclusive: true });
  const client = new Client({ connectionString: url });
  const observer = new Client({ connectionString: url });
  await client.connect();
  await observer.connect();
  // Between this node's reading and its writing: whoever holds the head of the log may append, and nobody else.
  await client.query("BEGIN");
  await client.query("SELECT position FROM log_head FOR UPDATE");
  const begun = store.beginAttempt(
    { kind: "user", orgId: "o", userId: "u" },
    "e",
    (view, attemptId) =>
      beginAttempt(view, {
        ...{ attemptId, factor: "password" },
        ...{ client: {}, ttlMs: 60_000 },
      }),
  );
  const waiting = async () => {
    const { rowCount } = await observer.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rowCount;
  };
  await expect.poll(waiting).toBe(1);
  await client.query(`
    UPDATE log_head SET position = position + 1;
    INSERT INTO events SELECT position, 'user', 'u', 'o', 1, 'user.human.added', 'e', 0, NULL FROM log_head;
    UPDATE log_head SET position = position + 1;
    INSERT INTO events SELECT position, 'user', 'u', 'o', 2, 'user.removed', 'e', 0, NULL FROM log_head;
    COMMIT`);

  const { attempt } = await begun;
  await store.completeAttempt("o", attempt?.id ?? "", "e", (view, stored) =>
    completeAttempt(view, stored, "succeeded"),
  );
  const { rows } = await client.query(
    "SELECT sequence, type FROM events WHERE aggregate_id = 'u' ORDER BY sequence",
  );
  await client.end();
  await observer.end();
  await store.close();
  await drop();
  expect(rows).toEqual([
    { sequence: "1", type: "user.human.added" },
    { sequence: "2", type: "user.removed" },
    { sequence: "3", type: "user.human.added" },
    { sequence: "4", type: "user.human.password.check.succeeded" },
  ]);
});
