import Database from "better-sqlite3";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { foldName, formerlyFolded } from "../../src/lockout/user/alias.ts";
import { beginAttempt } from "../../src/lockout/attempt/attempt.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import { openDatabase } from "../../src/store/postgres/database.ts";
import { migrate as migratePostgres } from "../../src/store/postgres/migrate.ts";
import { migrations as postgresMigrations } from "../../src/store/postgres/migrations/all.ts";
import { migrate as migrateSqlite } from "../../src/store/sqlite/migrate.ts";
import { migrations as sqliteMigrations } from "../../src/store/sqlite/migrations/all.ts";
import type { Subject } from "../../src/store/users.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { userSubject } from "../../src/store/users.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Aliases that were folded before control characters and the blank of braille counted as invisible.

const orgId = "300000000000000001";
const instanceId = "300000000000000000";
const time = Date.now();

/** Key, user, alias, whether the user is locked. */
const users = [
  [1, "alone", "al\u0001one", false],
  [2, "older", "Bo\u2800b", false],
  [3, "newer", "bob\u2800", true],
  [4, "plain", "carol", false],
  [5, "late", "carol\u0002", true],
] as const;

const statements: readonly (readonly [string, readonly unknown[]])[] = [
  [
    "INSERT INTO orgs (id, name, creation_date) VALUES ($1, $2, $3)",
    [orgId, "first", time],
  ],
  [
    "INSERT INTO instance (only_one, id, first_org_id, creation_date) VALUES (1, $1, $2, $3)",
    [instanceId, orgId, time],
  ],
  ...users.flatMap(
    ([key, userId, name, isLocked]): [string, readonly unknown[]][] => [
      [
        "INSERT INTO subjects (key, org_id, user_id, since_position, account, lock_reason, lock_time, lock_by) VALUES ($1, $2, $3, 0, 'active', $4, $5, $6)",
        [
          ...[key, orgId, userId],
          ...(isLocked ? ["administrator", time, "e"] : [null, null, null]),
        ],
      ],
      [
        "INSERT INTO aliases (org_id, folded, name, subject, place) VALUES ($1, $2, $3, $4, 0)",
        [orgId, formerlyFolded(name) ?? foldName(name), name, key],
      ],
    ],
  ),
];

async function expectResolved(url: string): Promise<void> {
  const store = await openStore(url, { exclusive: true, now: () => time + 1 });
  const begin = async (name: string) => {
    const formerName = formerlyFolded(name);
    const subject: Subject = {
      kind: "name",
      orgId,
      foldedName: foldName(name),
      ...(formerName !== undefined && { formerName }),
    };
    const { decision } = await store.beginAttempt(
      subject,
      "e",
      (view, attemptId) =>
        beginAttempt(view, {
          ...{ attemptId, factor: "password", client: {}, ttlMs: 60_000 },
        }),
    );
    return decision;
  };
  const opened = async (userId: string) =>
    (await store.findLockout(userSubject({ orgId, userId })))?.view.counters
      .password.open;

  // Found by any spelling.
  for (const name of ["alone", "AL\u0001ONE", "\u2800alone", "a\u0085lone"]) {
    await begin(name);
  }
  expect(await opened("alone")).toBe(3);
  // Of two that read alike the older one has the name, and the other what was given: no lock is lost.
  expect(await begin("bob")).toBe("proceed");
  expect(await begin("bo\u0003b")).toBe("proceed");
  expect(await opened("older")).toBe(2);
  expect(await begin("bob\u2800")).toBe("locked");
  expect(await begin("carol")).toBe("proceed");
  expect(await opened("plain")).toBe(1);
  expect(await begin("Carol\u0002")).toBe("locked");
  expect((await store.findUser({ orgId, userId: "newer" }))?.aliases).toEqual([
    "bob\u2800",
  ]);
  await store.close();

  const { problems } = await checkDatabase(url);
  const alike = problems.filter((problem) => problem.includes("reads like"));
  expect(alike).toHaveLength(2);
  expect(alike[0]).toContain("user newer");
  expect(alike[1]).toContain("user late");
}

describe("aliases are folded anew", () => {
  const postgres = usePostgres();

  it("on SQLite", async () => {
    const dir = await makeTempDir();
    const database = new Database(dir.file("a.db"));
    migrateSqlite(database, sqliteMigrations.slice(0, 5));
    for (const [sql, values] of statements) {
      database.prepare(sql.replaceAll(/\$\d/g, "?")).run(...values);
    }
    database.close();
    await expectResolved(`sqlite:${dir.file("a.db")}`);
    await dir.remove();
  });

  it("on PostgreSQL", async () => {
    const { url, drop } = await postgres.createDatabase();
    const database = openDatabase(url);
    await migratePostgres(database, postgresMigrations.slice(0, 4));
    await database.close();
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const [sql, values] of statements) {
      const sequenced = sql
        .replace("since_position", "sequence, since_position")
        .replace(", 0, 'active'", ", 0, 0, 'active'");
      await client.query(sequenced, [...values]);
    }
    await client.query("SELECT setval('subject_keys', 1000)");
    await client.end();
    await expectResolved(url);
    await drop();
  });
});
