import Database from "better-sqlite3";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import { createNameKey, hashName } from "../../src/store/shared/name-hash.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import { openDatabase } from "../../src/store/postgres/database.ts";
import { migrate as migratePostgres } from "../../src/store/postgres/migrate.ts";
import { migrations as postgresMigrations } from "../../src/store/postgres/migrations/all.ts";
import { migrate as migrateSqlite } from "../../src/store/sqlite/migrate.ts";
import { migrations as sqliteMigrations } from "../../src/store/sqlite/migrations/all.ts";
import { rulesDecision } from "../support/change-policy.ts";
import { firstPage } from "../support/first-page.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Databases of the first schema, with people in the middle of what they do: of version 2 on SQLite, and 1 on PostgreSQL.

const orgId = "300000000000000001";
const key = Buffer.alloc(32, 7);
const time = Date.now();
const nameKey = createNameKey(key);

/** The rows of the first schema, as statements with values that both engines take. */
const rows: readonly (readonly [string, readonly unknown[]])[] = [
  ["orgs", [orgId, "first", time]],
  ["instance", [1, "300000000000000000", orgId, time]],
  ["policies", ["instance", "300000000000000000", 3, 0, 1, time, time]],
  [
    "events",
    [
      ...[1, "instance", "300000000000000000", "300000000000000000", 1],
      ...["instance.policy.lockout.added", "SYSTEM", time],
      '{"maxPasswordAttempts":3}',
    ],
  ],
];
const subject = (
  subjectKey: number,
  name: string | undefined,
  lockTime: number | null,
  userId = "known",
) => ({
  key: subjectKey,
  org_id: orgId,
  user_id: name === undefined ? userId : null,
  since_position: 0,
  name_hash: name === undefined ? null : hashName(nameKey, name),
  recency: name === undefined ? null : subjectKey,
  account: "active",
  lock_reason: lockTime === null ? null : "password_attempts",
  lock_time: lockTime,
  lock_by: lockTime === null ? null : "e",
});
const subjects = [
  subject(1, undefined, null),
  subject(2, "locked", time),
  subject(3, "tried", null),
  subject(4, undefined, time, "locked user"),
];
const counters = [
  [1, "password", 0, 1, null],
  [2, "password", 3, 0, time],
  [3, "password", 1, 1, time],
];
const attempts = [
  ["399999999999999001", 1, "password", null, time + 60_000, null, null],
  ["399999999999999003", 3, "password", null, time + 60_000, null, null],
];

function inserts(
  mark: (place: number) => string,
): readonly (readonly [string, readonly unknown[]])[] {
  const insert = (
    table: string,
    values: readonly unknown[],
    columns = "",
  ): readonly [string, readonly unknown[]] => [
    `INSERT INTO ${table} ${columns} VALUES (${values.map((_value, place) => mark(place)).join(", ")})`,
    values,
  ];
  return [
    ...rows.map(([table, values]) => insert(table, values)),
    ...subjects.map((row) =>
      insert(
        "subjects",
        Object.values(row),
        `(${Object.keys(row).join(", ")})`,
      ),
    ),
    ...counters.map((row) => insert("counters", row)),
    ...attempts.map((row) => insert("attempts", row)),
  ];
}

async function expectGoesOn(url: string): Promise<void> {
  const store = await openStore(url, { exclusive: true, now: () => time + 1 });
  const begin = (foldedName: string) =>
    store.beginAttempt(
      { kind: "name", orgId, foldedName },
      "e",
      (view, attemptId) =>
        beginAttempt(view, {
          ...{ attemptId, factor: "password", client: {}, ttlMs: 60_000 },
        }),
    );
  const fail = (id: string) =>
    store.completeAttempt(orgId, id, "e", (view, attempt) =>
      completeAttempt(view, attempt, "failed"),
    );
  expect(await begin("locked")).toMatchObject({ decision: "locked" });
  expect(await fail("399999999999999001")).toMatchObject({ failed: 1 });
  expect(await fail("399999999999999003")).toMatchObject({ failed: 2 });
  const { attempt } = await begin("tried");
  expect(await fail(attempt?.id ?? "")).toMatchObject({ locked: true });
  expect(await begin("new")).toMatchObject({ decision: "proceed", failed: 0 });
  // What came since works on whom the first schema knew.
  await store.changePolicy({ kind: "org", orgId }, "e", () =>
    rulesDecision("org", { ...noRules, rememberedSecrets: 3 }),
  );
  const repeat = () =>
    store.reportAttempt({ kind: "user", orgId, userId: "known" }, "e", (view) =>
      reportAttempt(view, "password", {}, "failed", {
        secretDigest: Buffer.alloc(32, 1),
      }),
    );
  expect(await repeat()).toMatchObject({ failed: 2 });
  expect(await repeat()).toMatchObject({ failed: 2 });
  const locked = await store.listLocked({ orgId }, {}, firstPage);
  expect(locked.items).toMatchObject([
    { userId: "locked user", view: { user: { lock: { time } } } },
  ]);
  await store.settleAttempts(100);
  await store.close();
  // What was locked before locks were events is locked without one.
  const { problems, users } = await checkDatabase(url);
  expect(users).toBe(2);
  expect(problems).toEqual([
    expect.stringMatching(/locked user .* is locked, but/) as string,
  ]);
}

describe("a database of the first schema goes on", () => {
  const postgres = usePostgres();

  it("on SQLite", async () => {
    const dir = await makeTempDir();
    const database = new Database(dir.file("a.db"));
    migrateSqlite(database, sqliteMigrations.slice(0, 2));
    database.prepare("UPDATE names SET hash_key = ?, count = 2").run(key);
    for (const [sql, values] of inserts(() => "?")) {
      database.prepare(sql).run(...values);
    }
    database.close();
    await expectGoesOn(`sqlite:${dir.file("a.db")}`);
    await dir.remove();
  });

  it("on PostgreSQL", async () => {
    const { url, drop } = await postgres.createDatabase();
    const database = openDatabase(url);
    await migratePostgres(database, postgresMigrations.slice(0, 1));
    await database.close();
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("UPDATE names SET hash_key = $1", [key]);
    for (const [sql, values] of inserts((place) => `$${place + 1}`)) {
      const columns = sql.startsWith("INSERT INTO subjects (")
        ? sql
            .replace("since_position", "sequence, since_position")
            .replace("$4", "0, $4")
        : sql;
      await client.query(columns, [...values]);
    }
    await client.query("UPDATE log_head SET position = 1");
    await client.query(
      "INSERT INTO policy_owners VALUES ('instance', '300000000000000000', 1)",
    );
    await client.query("SELECT setval('subject_keys', 1000)");
    await client.end();
    await expectGoesOn(url);
    await drop();
  });
});
