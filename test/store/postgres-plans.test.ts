import { Client } from "pg";
import { expect, it, vi } from "vitest";
import { beginAttempt } from "../../src/lockout/attempt.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { usePostgres } from "../support/use-postgres.ts";

const postgres = usePostgres();

it("what a command reads does not grow with the users of the organisation, though the server has no statistics yet", async () => {
  const { url, drop } = await postgres.createDatabase();
  const users = 1000;
  // Plans are made by the first commands on a connection: of the second store, when the users are there.
  for (const round of [1, 2]) {
    const store = await openPostgresStore({ url, exclusive: true });
    const begun = Array.from({ length: users }, (_value, user) =>
      store.beginAttempt(
        { kind: "user", orgId: "300000000000000000", userId: idOf(user) },
        "e",
        (view, attemptId) =>
          beginAttempt(view, {
            ...{ attemptId, factor: "password" },
            ...{ client: {}, ttlMs: 60_000 },
          }),
      ),
    );
    expect(await Promise.all(begun), `round ${round}`).toHaveLength(users);
    await store.close();
  }

  const client = new Client({ connectionString: url });
  await client.connect();
  const read = async () => {
    const { rows } = await client.query<{ read: string }>(
      "SELECT sum(idx_tup_read) AS read FROM pg_stat_user_indexes WHERE relname = 'subjects'",
    );
    return Number(rows[0]?.read);
  };
  // The server counts when a connection ends: it may be a moment late.
  await vi.waitUntil(async () => (await read()) >= users);
  const entries = await read();
  await client.end();
  await drop();
  // Some for each command, where 1000 would be all of the organisation's.
  expect(entries).toBeLessThan(2 * users * 5);
});

it("what is read for a login name does not grow with the names that are kept, once statistics are renewed", async () => {
  const { url, drop } = await postgres.createDatabase();
  const store = await openPostgresStore({ url, exclusive: true });
  const names = 600;
  const begin = (round: number) =>
    Promise.all(
      Array.from({ length: names }, (_value, index) =>
        store.beginAttempt(
          {
            ...({ kind: "name", orgId: "300000000000000000" } as const),
            foldedName: `nobody-${round}-${index}`,
          },
          "e",
          (view, attemptId) =>
            beginAttempt(view, {
              ...{ attemptId, factor: "password" },
              ...{ client: {}, ttlMs: 60_000 },
            }),
        ),
      ),
    );
  const client = new Client({ connectionString: url });
  await client.connect();
  const read = async (sql: string) => {
    const { rows } = await client.query<{ value: string | null }>(sql);
    return Number(rows[0]?.value);
  };
  const readStart = "SELECT reltuples AS value FROM pg_class WHERE relname = ";
  await begin(1);
  // The server counts a moment later, and the store asks each second.
  await vi.waitUntil(
    async () => (await read(`${readStart}'subjects'`)) >= names,
    {
      timeout: 20_000,
    },
  );
  const entries = () =>
    read(
      "SELECT sum(idx_tup_read) AS value FROM pg_stat_user_indexes WHERE relname = 'subjects'",
    );
  const before = await entries();
  await begin(2);
  await store.close();
  await vi.waitUntil(async () => (await entries()) >= before + names);
  expect((await entries()) - before).toBeLessThan(names * 20);
  await client.end();
  await drop();
});

/** As long as ids are. */
function idOf(user: number): string {
  return String(300_000_000_000_000_000n + BigInt(user));
}
