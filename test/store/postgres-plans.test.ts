import { Client } from "pg";
import { expect, it } from "vitest";
import { beginAttempt } from "../../src/lockout/attempt/attempt.ts";
import { openDatabase, unnamed } from "../../src/store/postgres/database.ts";
import { openPostgresStore } from "../../src/store/postgres/store.ts";
import { partsSql } from "../../src/store/shared/policy-rows.ts";
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
  await expect.poll(read).toBeGreaterThanOrEqual(users);
  const entries = await read();
  await client.end();
  await drop();
  // Some for each command, where 1000 would be all of the organisation's.
  expect(entries).toBeLessThan(2 * users * 5);
});

it("a table that has grown is analysed before PostgreSQL does so by itself, so that a name is looked up by its hash", async () => {
  const { url, drop } = await postgres.createDatabase();
  const store = await openPostgresStore({ url, exclusive: true });
  const names = 600;
  await Promise.all(
    Array.from({ length: names }, (_value, index) =>
      store.beginAttempt(
        {
          ...({ kind: "name", orgId: "300000000000000000" } as const),
          foldedName: `nobody-${index}`,
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
  // The server counts a moment later, and the store asks each second.
  const countAnalysed = async () => {
    const { rows } = await client.query<{ rows: number }>(
      "SELECT reltuples AS rows FROM pg_class WHERE relname = 'subjects'",
    );
    return rows[0]?.rows ?? 0;
  };
  await expect.poll(countAnalysed).toBeGreaterThanOrEqual(names);
  const { rows } = await client.query<Record<string, string>>(
    `EXPLAIN SELECT s.key FROM unnest($1::text[], $2::bytea[]) AS n (org_id, hash)
     LEFT JOIN subjects s ON s.org_id = n.org_id AND s.name_hash = n.hash`,
    [["300000000000000000"], [Buffer.alloc(32)]],
  );
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain(
    "names_by_hash",
  );
  await store.close();
  await client.end();
  await drop();
});

it("a login starts no parallel workers to read two policies", async () => {
  const { url, drop } = await postgres.createDatabase();
  const store = await openPostgresStore({ url, exclusive: true });
  const database = openDatabase(url);
  const plan = async () => {
    const sql = `EXPLAIN ${partsSql("= ANY ($1::text[])", "undated")}`;
    const { rows } = await database.query(unnamed(sql), ["300"]);
    return rows.map((row) => String(row["QUERY PLAN"])).join("\n");
  };
  expect(await plan()).toContain("policy_rules");
  expect(await plan()).not.toContain("Gather");
  await database.close();
  await store.close();
  await drop();
});

/** As long as ids are. */
function idOf(user: number): string {
  return String(300_000_000_000_000_000n + BigInt(user));
}
