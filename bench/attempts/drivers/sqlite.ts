import Database from "better-sqlite3";
import { createIds } from "../../../src/store/ids.ts";
import { userIdOf } from "./driver.ts";
import type { PairDriver } from "./driver.ts";

const ttlMs = 60_000;

interface AppendValues {
  readonly userId: string;
  readonly orgId: string;
  readonly type: string;
  readonly editor: string;
  readonly time: number;
}

/**
 * Drives SQLite with the fewest statements that leave the same rows in our tables: no rule is looked at, and
 * nobody checks anything. What waits together shares a transaction, and that is all: a ceiling.
 */
export function driveSqlite({
  database: path,
}: {
  readonly database: string;
}): PairDriver {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  const newId = createIds(Date.now);
  const keys = database
    .prepare<[string], number>("SELECT key FROM subjects WHERE user_id = ?")
    .pluck();
  const orgId = database
    .prepare<[], string>("SELECT first_org_id FROM instance")
    .pluck()
    .get();
  if (orgId === undefined) {
    throw new Error("the database is empty");
  }
  const count = database.prepare<[number, number, number, number]>(
    "UPDATE counters SET failed = failed * ? + ?, open = open + ? WHERE subject = ? AND factor = 'password'",
  );
  const open = database.prepare<[string, number, number]>(
    "INSERT INTO attempts (id, subject, factor, expire_time) VALUES (?, ?, 'password', ?)",
  );
  const close = database.prepare<[string, string, string]>(
    "UPDATE attempts SET outcome = ?, result = ? WHERE id = ?",
  );
  const append = database.prepare<AppendValues>(
    `INSERT INTO events (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_micros)
     SELECT 'user', @userId, @orgId, coalesce(max(sequence), 0) + 1, @type, @editor, @time FROM events
     WHERE aggregate_id = @userId AND aggregate_type = 'user' AND resource_owner = @orgId`,
  );
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");

  let waiting: { run: () => void; done: () => void }[] = [];
  const flush = () => {
    const batch = waiting;
    waiting = [];
    begin.run();
    for (const { run } of batch) {
      run();
    }
    commit.run();
    for (const { done } of batch) {
      done();
    }
  };
  const durable = (run: () => void) =>
    new Promise<void>((done) => {
      if (waiting.push({ run, done }) === 1) {
        setImmediate(flush);
      }
    });

  return {
    pair: async (user, outcome) => {
      const id = newId();
      const userId = userIdOf(user);
      const key = keys.get(userId) ?? 0;
      await durable(() => {
        count.run(1, 0, 1, key);
        open.run(id, key, Date.now() + ttlMs);
      });
      await durable(() => {
        if (outcome === "failed") {
          count.run(1, 1, -1, key);
        } else {
          count.run(0, 0, -1, key);
        }
        close.run(outcome, '{"accepted":true,"failed":0,"limit":5}', id);
        append.run({
          userId,
          orgId,
          type: `user.human.password.check.${outcome}`,
          editor: "300000000000000000",
          time: Date.now(),
        });
      });
    },
    close: async () => {
      database.close();
    },
  };
}
