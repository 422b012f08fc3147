import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { beginAttempt } from "../../src/lockout/attempt/attempt.ts";
import { addOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { createIds } from "../../src/store/ids.ts";
import { createTransaction } from "../../src/store/sqlite/database.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { createTransactionMemory } from "../../src/store/sqlite/transaction-memory.ts";
import type { Store } from "../../src/store/store.ts";
import type { Subject } from "../../src/store/users.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { changePolicy } from "../support/change-policy.ts";

const maxNames = 3;
const orgId = "o";
const alice: Subject = { kind: "user", orgId, userId: "alice" };
const named = (foldedName: string): Subject => ({
  kind: "name",
  orgId,
  foldedName,
});

let dir: TempDir;
let store: Store;
let time: number;

beforeEach(async () => {
  dir = await makeTempDir();
  time = 1_700_000_000_000;
  store = await openSqliteStore({
    path: dir.file("lockoutd.db"),
    exclusive: true,
    now: () => time,
    newId: createIds(() => time),
    maxNames,
  });
  await store.initialise({
    orgName: "o",
    policy: {
      numbers: {
        event: { type: "instance.policy.lockout.added" },
        limits: { maxPasswordAttempts: 5, maxOtpAttempts: 5 },
      },
    },
    token: {
      hash: new Uint8Array(32),
      name: "t",
      roles: [],
      expirationDate: undefined,
    },
  });
});

afterEach(async () => {
  await store.close();
  await dir.remove();
});

const ttlMs = 60_000;

/** What is called in one go shares a transaction. `meanwhile` runs inside of it. */
const begin = (subject: Subject, meanwhile?: () => void) =>
  store.beginAttempt(subject, "e", (view, attemptId) => {
    meanwhile?.();
    return beginAttempt(view, {
      attemptId,
      factor: "password",
      client: {},
      ttlMs,
    });
  });

const setLimit = (limit: number) =>
  changePolicy(
    store,
    { kind: "org", orgId },
    "e",
    addOrgPolicy(orgId, {
      maxPasswordAttempts: limit,
      maxOtpAttempts: limit,
    }),
  );

it("remembers for as long as a transaction lasts", () => {
  const memory = createTransactionMemory();
  let asked = 0;
  const value = memory.value(() => (asked += 1));
  const lookUp = memory.lookUp((key: string) => `${key}${(asked += 1)}`);
  const ask = () => [value.get(), value.get(), lookUp("a"), lookUp("a")];

  expect(ask()).toEqual([1, 2, "a3", "a4"]);
  memory.begin();
  expect(ask()).toEqual([5, 5, "a6", "a6"]);
  value.set(100);
  expect(ask()).toEqual([100, 100, "a6", "a6"]);
  memory.forget();
  expect(ask()).toEqual([7, 7, "a8", "a8"]);
  memory.end();
  value.set(100);
  expect(ask()).toEqual([9, 10, "a11", "a12"]);
  // SQLite may have ended the one before by itself.
  memory.begin();
  ask();
  memory.begin();
  expect(ask()).toEqual([15, 15, "a16", "a16"]);
});

it("a command sees the policy that another one of its transaction has written", async () => {
  const [before, , after] = await Promise.all([
    begin(alice),
    setLimit(1),
    begin(alice),
  ]);
  expect(before).toMatchObject({ decision: "proceed", limit: 5 });
  expect(after).toMatchObject({ decision: "busy", limit: 1 });
});

it("what is taken back is forgotten", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)");
  const memory = createTransactionMemory();
  const transaction = createTransaction(database, memory);
  const value = memory.value(() =>
    database.prepare<[], number>("SELECT v FROM t").pluck().get(),
  );
  const write = (written: number) => {
    database.prepare("UPDATE t SET v = ?").run(written);
    memory.forget();
    return value.get();
  };
  transaction.begin();
  transaction.savepoint();
  expect(write(2)).toBe(2);
  transaction.rollbackTo();
  expect(value.get()).toBe(1);
  transaction.release();

  expect(write(3)).toBe(3);
  transaction.rollback();
  expect(value.get()).toBe(1);
  database.close();
});

it("a command sees that an attempt which its transaction began has expired", async () => {
  const [, , after] = await Promise.all([
    begin(alice),
    begin(named("nobody"), () => {
      time += ttlMs;
    }),
    begin(alice),
  ]);
  expect(after).toMatchObject({ decision: "proceed", failed: 1, open: 1 });
});

it("names that come in one transaction make room for each other", async () => {
  const seen = await Promise.all(
    ["a", "b", "c", "a", "d", "e", "a"].map((name) => begin(named(name))),
  );
  expect(seen.map(({ open }) => open)).toEqual([1, 1, 1, 2, 1, 1, 3]);
  expect((await begin(named("b"))).open).toBe(1);

  const database = new Database(dir.file("lockoutd.db"), { readonly: true });
  const one = (sql: string) => database.prepare(sql).pluck().get();
  expect(one("SELECT count FROM names")).toBe(maxNames);
  expect(one("SELECT count(*) FROM subjects")).toBe(maxNames);
  expect(one("SELECT sum(count) FROM name_counts")).toBe(maxNames);
  database.close();
});
