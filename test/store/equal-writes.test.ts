import Database from "better-sqlite3";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { Outcome } from "../../src/lockout/user/comparison.ts";
import { addOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import { putUser } from "../../src/lockout/user/user.ts";
import { openStore } from "../../src/store/open.ts";
import type { WholeStore } from "../contract/store/bed.ts";
import { rulesDecision } from "../support/change-policy.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

const orgId = "300000000000000001";
const editor = "e";
const ttlMs = 60_000;

/** The tables that decisions write to; what is recorded of a name is in a table of its own. */
const tables = [
  ...["subjects", "counters", "attempts", "aliases", "events", "name_events"],
  ...["names", "noted_locks"],
];

/** A store whose rows are counted as they are written: a line for each, with what was done to which table. */
interface Counted {
  readonly store: WholeStore;
  readonly time: (ms: number) => void;
  /** What was written since it was asked last. */
  readonly written: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** What is said and done for one login name, whoever it leads to. */
async function play({ store, time, written }: Counted, foldedName: string) {
  const subject = { kind: "name", orgId, foldedName } as const;
  const begin = () =>
    store.beginAttempt(subject, editor, (view, attemptId) =>
      beginAttempt(view, {
        ...{ attemptId, factor: "password", ttlMs },
        client: { address: "192.0.2.1" },
      }),
    );
  const complete = (id: string | undefined, outcome: Outcome) =>
    store.completeAttempt(orgId, id ?? "", editor, (view, attempt) =>
      completeAttempt(view, attempt, outcome),
    );
  const report = (outcome: Outcome) =>
    store.reportAttempt(subject, editor, (view) =>
      reportAttempt(view, "totp", {}, outcome),
    );
  const seen: Record<string, readonly string[]> = {};
  const see = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    await written();
    const result = await run();
    seen[what] = (await written()).toSorted();
    return result;
  };

  await see("reported to be none, first", () => report("not_a_guess"));
  const first = await see("begun, first", begin);
  await see("failed, first", () => complete(first.attempt?.id, "failed"));
  await see("completed again", () => complete(first.attempt?.id, "failed"));
  const second = await see("begun, again", begin);
  await see("succeeded", () => complete(second.attempt?.id, "succeeded"));
  const third = await begin();
  await see("no guess", () => complete(third.attempt?.id, "not_a_guess"));
  await see("reported to fail", () => report("failed"));
  await see("reported to succeed", () => report("succeeded"));
  const late = await begin();
  time(ttlMs);
  await see("completed when it has expired", () =>
    complete(late.attempt?.id, "failed"),
  );
  await begin();
  time(ttlMs);
  await see("closed since it has expired", () => store.settleAttempts(10));
  const last = await begin();
  await see("busy", async () => {
    expect((await begin()).decision).toBe("busy");
  });
  await see("failed, and locked", () => complete(last.attempt?.id, "failed"));
  await see("locked", async () => {
    expect((await begin()).decision).toBe("locked");
  });
  await see("reported when locked", () => report("failed"));
  await store.settleAttempts(10);
  return seen;
}

async function expectEqual(counted: Counted): Promise<void> {
  const { store } = counted;
  await store.changePolicy(
    { kind: "org", orgId },
    editor,
    addOrgPolicy(orgId, { maxPasswordAttempts: 3, maxOtpAttempts: 3 }),
  );
  await store.changePolicy({ kind: "org", orgId }, editor, () =>
    rulesDecision("org", {
      ...noRules,
      storms: { maxLocks: 1, windowMs: ttlMs },
    }),
  );
  await store.putUser(
    { orgId, userId: "known" },
    [{ name: "Known", folded: "known" }],
    editor,
    putUser(undefined),
  );
  const known = await play(counted, "known");
  const unknown = await play(counted, "unknown");
  await counted.close();
  expect(unknown).toEqual(known);
  for (const nothing of ["busy", "locked", "reported when locked"]) {
    expect(known[nothing], nothing).toEqual([]);
  }
  expect(known["failed, first"]).toContain("INSERT an event");
  expect(known["failed, and locked"]).toContain("INSERT noted_locks");
}

describe("what each decision writes does not tell whether a login name leads to a user", () => {
  const postgres = usePostgres();

  it("on SQLite", async () => {
    const dir = await makeTempDir();
    let now = Date.now();
    const store = await openStore(`sqlite:${dir.file("a.db")}`, {
      exclusive: true,
      now: () => now,
    });
    const other = new Database(dir.file("a.db"));
    other.exec("CREATE TABLE written (line TEXT NOT NULL)");
    for (const table of tables) {
      for (const done of ["INSERT", "UPDATE", "DELETE"]) {
        other.exec(
          `CREATE TRIGGER ${table}_${done} AFTER ${done} ON ${table}
           BEGIN INSERT INTO written VALUES ('${lineOf(done, table)}'); END`,
        );
      }
    }
    const read = other
      .prepare<[], string>("DELETE FROM written RETURNING line")
      .pluck();
    await expectEqual({
      store,
      time: (ms) => (now += ms),
      written: async () => read.all(),
      close: () => store.close(),
    });
    other.close();
    await dir.remove();
  });

  it("on PostgreSQL", async () => {
    const { url, drop } = await postgres.createMigrated();
    let now = Date.now();
    const store = await openStore(url, { exclusive: true, now: () => now });
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`CREATE TABLE written (line TEXT NOT NULL);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO written VALUES (TG_ARGV[0]);
        RETURN NULL;
      END $$`);
    for (const table of [...tables, "log_head", "name_log_head"]) {
      for (const done of ["INSERT", "UPDATE", "DELETE"]) {
        await client.query(
          `CREATE TRIGGER ${table}_${done} AFTER ${done} ON ${table}
           FOR EACH ROW EXECUTE FUNCTION note('${lineOf(done, table)}')`,
        );
      }
    }
    await expectEqual({
      store,
      time: (ms) => (now += ms),
      written: async () => {
        const { rows } = await client.query<{ line: string }>(
          "DELETE FROM written RETURNING line",
        );
        return rows.map(({ line }) => line);
      },
      close: () => store.close(),
    });
    await client.end();
    await drop();
  });
});

function lineOf(done: string, table: string): string {
  if (table.endsWith("log_head")) {
    return `${done} the head of a log`;
  }
  return table.endsWith("events") ? `${done} an event` : `${done} ${table}`;
}
