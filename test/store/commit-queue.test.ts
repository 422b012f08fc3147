import Database from "better-sqlite3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommitQueue } from "../../src/store/sqlite/commit-queue.ts";
import type { Transaction } from "../../src/store/sqlite/commit-queue.ts";
import { createTransaction } from "../../src/store/sqlite/database.ts";
import { createTransactionMemory } from "../../src/store/sqlite/transaction-memory.ts";
import { StoreUnavailableError } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

describe("the commit queue", () => {
  let dir: TempDir;
  let database: Database.Database;
  /** The steps that were taken. */
  let steps: string[];
  /** Thrown by the next steps of these names, the first one first. */
  let faults: { readonly step: keyof Transaction; readonly code: string }[];
  let queue: CommitQueue;

  /** The real transaction, with faults injected and steps written down. */
  function withFaults(real: Transaction): Transaction {
    const step = (name: Exclude<keyof Transaction, "changes">) => () => {
      const fault = faults.findIndex((each) => each.step === name);
      const [injected] = fault === -1 ? [] : faults.splice(fault, 1);
      if (injected !== undefined) {
        throw sqliteError(injected.code);
      }
      real[name]();
      steps.push(name);
    };
    return {
      begin: step("begin"),
      savepoint: step("savepoint"),
      release: step("release"),
      rollbackTo: step("rollbackTo"),
      commit: step("commit"),
      rollback: step("rollback"),
      changes: () => real.changes(),
    };
  }

  const sqliteError = (code: string) =>
    new Database.SqliteError(`injected ${code}`, code);
  const insert = (value: number) => () => {
    database.prepare("INSERT INTO t VALUES (?)").run(value);
    return value;
  };
  const stored = () => database.prepare("SELECT v FROM t").pluck().all();
  const count = (name: string) => steps.filter((step) => step === name).length;

  beforeEach(async () => {
    dir = await makeTempDir();
    database = new Database(dir.file("q.db"));
    database.pragma("journal_mode = WAL");
    database.exec("CREATE TABLE t (v INTEGER UNIQUE)");
    steps = [];
    faults = [];
    queue = new CommitQueue(
      withFaults(createTransaction(database, createTransactionMemory())),
      {
        maxBatch: 4,
        busyRetries: 3,
        busyDelayMs: 1,
      },
    );
  });

  afterEach(async () => {
    await queue.close();
    database.close();
    await dir.remove();
  });

  it("commits those that wait together once", async () => {
    expect(
      await Promise.all([1, 2, 3].map((v) => queue.run(insert(v)))),
    ).toEqual([1, 2, 3]);
    expect(count("begin")).toBe(1);
    expect(count("commit")).toBe(1);
  });

  it("tells nobody before the commit", async () => {
    const order: string[] = [];
    const commands = [
      queue.run(() => order.push("run 1")).then(() => order.push("told 1")),
      queue
        .run(() => {
          order.push("run 2");
          throw new Error("no");
        })
        .catch(() => order.push(`told 2 after ${count("commit")} commit`)),
      queue.run(() => order.push("run 3")),
    ];
    await Promise.all(commands);
    expect(order).toEqual([
      "run 1",
      "run 2",
      "run 3",
      "told 1",
      "told 2 after 1 commit",
    ]);
  });

  it("takes no more than a batch at once, and lets the event loop turn between two", async () => {
    const order: string[] = [];
    const turn = () => {
      order.push(`turn after ${count("commit")}`);
      if (count("commit") < 3) {
        setImmediate(turn);
      }
    };
    const commands = Array.from({ length: 10 }, (_, v) => queue.run(insert(v)));
    setImmediate(turn);
    await Promise.all(commands);

    expect(stored()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(count("commit")).toBe(3);
    expect(order.slice(0, 2)).toEqual(["turn after 1", "turn after 2"]);
  });

  it("runs what comes first before all that wait, in the next batch", async () => {
    const ended: number[] = [];
    const note = (value: number) => () => ended.push(value);
    const all = [1, 2, 3, 4, 5, 6].map((value) =>
      queue.run(insert(value)).then(note(value)),
    );
    all.push(queue.run(insert(7), "first").then(note(7)));
    await Promise.all(all);
    expect(stored()).toEqual([7, 1, 2, 3, 4, 5, 6]);
    expect(ended.slice(0, 4)).toContain(7);
  });

  it("waits for those that come while it would begin", async () => {
    const commands = [queue.run(insert(1))];
    setImmediate(() => commands.push(queue.run(insert(2))));
    await commands[0];

    expect(stored()).toEqual([1, 2]);
    expect(count("commit")).toBe(1);
  });

  it("does not wait for ever for others", async () => {
    const patient = new CommitQueue(
      withFaults(createTransaction(database, createTransactionMemory())),
      { maxBatch: 100, busyRetries: 0, busyDelayMs: 1 },
    );
    const commands: Promise<number>[] = [];
    const more = () => {
      if (count("commit") > 0 || commands.length === 20) {
        return;
      }
      commands.push(patient.run(insert(commands.length)));
      setImmediate(more);
    };
    more();
    await commands[0];
    expect(commands.length).toBeLessThan(10);
    await patient.close();
  });

  it("fails all when the commit fails, refusals too, and goes on after", async () => {
    faults = [{ step: "commit", code: "SQLITE_IOERR_FSYNC" }];
    const results = await Promise.allSettled([
      queue.run(insert(1)),
      queue.run(() => {
        throw new Error("a refusal that rests on the first");
      }),
      queue.run(insert(2)),
    ]);

    for (const result of results) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: {
          name: "StoreUnavailableError",
          message: expect.stringContaining("SQLITE_IOERR_FSYNC") as string,
          cause: { code: "SQLITE_IOERR_FSYNC" },
        },
      });
    }
    expect(stored()).toEqual([]);
    expect(await queue.run(insert(3))).toBe(3);
    expect(stored()).toEqual([3]);
  });

  it("fails all when the disk fails within a command", async () => {
    const results = await Promise.allSettled([
      queue.run(insert(1)),
      queue.run(() => {
        throw sqliteError("SQLITE_FULL");
      }),
      queue.run(insert(2)),
    ]);

    expect(results.map(({ status }) => status)).toEqual(
      Array(3).fill("rejected"),
    );
    expect(stored()).toEqual([]);
    expect(await queue.run(insert(2))).toBe(2);
  });

  it("fails all when SQLite has ended the transaction by itself", async () => {
    const results = await Promise.allSettled([
      queue.run(insert(1)),
      queue.run(() => {
        database.exec("ROLLBACK");
        throw sqliteError("SQLITE_NOMEM");
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(
      Array(2).fill("rejected"),
    );
    expect(await queue.run(insert(2))).toBe(2);
    expect(stored()).toEqual([2]);
  });

  it("takes back what a command wrote before it failed, and that alone", async () => {
    const results = await Promise.allSettled([
      queue.run(insert(1)),
      queue.run(() => {
        insert(2)();
        insert(1)();
      }),
      queue.run(insert(3)),
    ]);
    expect(results).toMatchObject([
      { status: "fulfilled" },
      {
        status: "rejected",
        reason: { code: "SQLITE_CONSTRAINT_UNIQUE" },
      },
      { status: "fulfilled" },
    ]);
    expect(stored()).toEqual([1, 3]);
  });

  it("runs no command again for one that fails before it has written", async () => {
    let runs = 0;
    const results = await Promise.allSettled([
      queue.run(() => {
        runs += 1;
        return insert(1)();
      }),
      queue.run(insert(1)),
      queue.run(insert(3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(runs).toBe(1);
    expect(count("savepoint")).toBe(0);
  });

  it("waits for another process that comes between a failure and the second run", async () => {
    const order: number[] = [];
    let failed = false;
    const refused = queue.run(() => {
      if (!failed) {
        faults = [{ step: "begin", code: "SQLITE_BUSY" }];
      }
      failed = true;
      insert(9)();
      throw new Error("no");
    });
    const others = [1, 2].map((v) =>
      queue.run(insert(v)).then((value) => order.push(value)),
    );
    await expect(refused).rejects.toThrow("no");
    await Promise.all(others);
    expect(order).toEqual([1, 2]);
    expect(stored()).toEqual([1, 2]);
    expect(faults).toEqual([]);
  });

  it("leaves what the commands would leave if each had a transaction of its own", async () => {
    const command = fc.record({
      values: fc.array(fc.nat(5), { maxLength: 3 }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 9 }),
        async (commands) => {
          database.exec("DELETE FROM t");
          const model = new Set<number>();
          const expected = commands.map(({ values, fails }) => {
            const after = [...model, ...values];
            const succeeds = !fails && new Set(after).size === after.length;
            if (succeeds) {
              for (const value of values) {
                model.add(value);
              }
            }
            return succeeds ? "fulfilled" : "rejected";
          });
          const results = await Promise.allSettled(
            commands.map(({ values, fails }) =>
              queue.run(() => {
                for (const value of values) {
                  insert(value)();
                }
                if (fails) {
                  throw new Error("refused");
                }
              }),
            ),
          );
          expect(results.map(({ status }) => status)).toEqual(expected);
          expect(stored().sort()).toEqual([...model].sort());
        },
      ),
    );
  });

  it("waits for another process, and keeps the order", async () => {
    const busy = { step: "begin", code: "SQLITE_BUSY" } as const;
    faults = [busy, busy, busy];
    const commands = [1, 2].map((v) => queue.run(insert(v)));
    await new Promise((done) => setImmediate(done));
    commands.push(queue.run(insert(3)));

    expect(await Promise.all(commands)).toEqual([1, 2, 3]);
    expect(stored()).toEqual([1, 2, 3]);
    expect(count("commit")).toBe(1);
  });

  it("gives up on one that keeps the lock, and goes on when it is free", async () => {
    const other = new Database(dir.file("q.db"));
    database.pragma("busy_timeout = 1");
    other.exec("BEGIN IMMEDIATE");
    const results = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((v) => queue.run(insert(v))),
    );
    for (const result of results) {
      expect(result).toMatchObject({
        reason: {
          name: "StoreUnavailableError",
          message: expect.stringContaining("locked") as string,
        },
      });
    }
    expect(steps).toEqual([]);

    other.close();
    expect(await queue.run(insert(6))).toBe(6);
  });

  it("fails at once when no transaction can begin", async () => {
    faults = [{ step: "begin", code: "SQLITE_READONLY_DBMOVED" }];
    await expect(queue.run(insert(1))).rejects.toThrow(
      /SQLITE_READONLY_DBMOVED.*cannot be written/,
    );
    expect(await queue.run(insert(1))).toBe(1);
  });

  it("finishes what it took before it closes, and then takes no more", async () => {
    const commands = Array.from({ length: 9 }, (_, v) => queue.run(insert(v)));
    const closings = [queue.close(), queue.close()];
    await expect(queue.run(insert(99))).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    await Promise.all(closings);
    expect(stored()).toHaveLength(9);
    await Promise.all(commands);
  });
});
