import { Client } from "pg";
import { expect, it } from "vitest";
import { beginAttempt, completeAttempt } from "../../src/lockout/attempt.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { usePostgres } from "../support/use-postgres.ts";

const postgres = usePostgres();

it("events go on where those of a user of the same id ended, who was created and removed while this one was being created", async () => {
  const { url, drop } = await postgres.createDatabase();
  const store = await openPostgresStore({ url, exclusive: true });
  const client = new Client({ connectionString: url });
  await client.connect();
  // What others commit between this node's reading and its writing.
  await client.query(`
    CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO events VALUES (-1, 'user', 'u', 'o', 1, 'user.human.password.check.succeeded', 'e', 0, NULL);
      RETURN NULL;
    END $$;
    CREATE TRIGGER meanwhile BEFORE INSERT ON subjects EXECUTE FUNCTION meanwhile()`);

  const { attempt } = await store.beginAttempt(
    { kind: "user", orgId: "o", userId: "u" },
    "e",
    (view, attemptId) =>
      beginAttempt(view, {
        ...{ attemptId, factor: "password" },
        ...{ client: {}, ttlMs: 60_000 },
      }),
  );
  await store.completeAttempt("o", attempt?.id ?? "", "e", (view, stored) =>
    completeAttempt(view, stored, "succeeded"),
  );
  const { rows } = await client.query(
    "SELECT sequence FROM events WHERE aggregate_id = 'u' ORDER BY sequence",
  );
  await client.end();
  await store.close();
  await drop();
  expect(rows).toEqual([{ sequence: "1" }, { sequence: "2" }]);
});
