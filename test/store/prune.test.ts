import Database from "better-sqlite3";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reportAttempt } from "../../src/lockout/attempt/attempt.ts";
import { checkEventTypes } from "../../src/lockout/user/factor.ts";
import { addOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { putUser } from "../../src/lockout/user/user.ts";
import { unlockUser } from "../../src/lockout/user/unlock.ts";
import { checkDatabase, copyDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import { pruneOld } from "../../src/store/pruning.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";
import { changePolicy } from "../support/change-policy.ts";

// Events of attempts are removed after a time; what they came to stays, and `check` knows.

const orgId = "300000000000000001";
const day = 86_400_000;
const client = { address: "192.0.2.7", userAgent: "agent", device: "device" };
const isCheck = ({ type }: { readonly type: string }) =>
  checkEventTypes.some((one) => one === type);

interface Place {
  readonly url: string;
  /** Runs statements on the database itself. */
  readonly open: () => Promise<{
    readonly run: (sql: string) => unknown;
    readonly close: () => unknown;
  }>;
  readonly remove: () => Promise<void>;
}

function describePruning(make: () => Promise<Place>): void {
  let place: Place;
  let store: Store;
  let time: number;

  beforeEach(async () => {
    time = Date.UTC(2026, 0, 1);
    place = await make();
    store = await openStore(place.url, { exclusive: true, now: () => time });
    await store.initialise({
      orgName: "first",
      policy: {
        numbers: {
          event: { type: "instance.policy.lockout.added" },
          limits: { maxPasswordAttempts: 0, maxOtpAttempts: 0 },
        },
      },
      token: {
        hash: new Uint8Array(32).fill(1),
        name: "",
        roles: ["IAM_OWNER"],
        expirationDate: undefined,
      },
    });
    await changePolicy(
      store,
      { kind: "org", orgId },
      "e",
      addOrgPolicy(orgId, { maxPasswordAttempts: 3, maxOtpAttempts: 3 }),
    );
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const report = (userId: string, outcome: "failed" | "succeeded") =>
    store.reportAttempt({ kind: "user", orgId, userId }, "e", (view) =>
      reportAttempt(view, "password", client, outcome),
    );
  const all = () => store.listEvents({ ascending: true, limit: 100_000 });
  const problems = async () => (await checkDatabase(place.url)).problems;

  it("are all that is removed: with the last of each user goes what it says, until another comes", async () => {
    await report("quiet", "failed");
    for (const outcome of ["failed", "failed", "failed"] as const) {
      await report("locked", outcome);
    }
    await report("back", "failed");
    await report("back", "succeeded");
    time += 60 * day;
    await report("back", "failed");
    const before = await all();

    await pruneOld(store, 30 * day);
    const after = await all();
    const kept = before.filter(
      (event) => !isCheck(event) || event.creationMicros > (time - day) * 1000,
    );
    const quiet = before.filter(({ aggregateId }) => aggregateId === "quiet");
    expect(after).toEqual(
      [...kept, { ...quiet[1], payload: undefined }].toSorted(
        (a, b) => (a.position ?? 0) - (b.position ?? 0),
      ),
    );
    // The lock is the last event of its user.
    expect(after.filter(({ aggregateId }) => aggregateId === "locked")).toEqual(
      kept.filter(({ aggregateId }) => aggregateId === "locked"),
    );
    expect(await problems()).toEqual([]);

    // Sequences and counters count on.
    expect(await report("quiet", "failed")).toMatchObject({ failed: 2 });
    expect(await report("quiet", "failed")).toMatchObject({ locked: true });
    expect(
      (await all())
        .filter(({ aggregateId }) => aggregateId === "quiet")
        .map(({ sequence }) => sequence),
    ).toEqual([1, 2, 3, 4, 5]);
    expect(await problems()).toEqual([]);
    time += 60 * day;
    await pruneOld(store, 30 * day);
    expect(
      (await all())
        .filter(({ aggregateId }) => aggregateId === "quiet")
        .map(({ type }) => type),
    ).toEqual(["user.human.added", "user.locked"]);
    expect(await problems()).toEqual([]);
  });

  it("may have cleared what a login name left to its user", async () => {
    const name = { kind: "name", orgId, foldedName: "al" } as const;
    await store.reportAttempt(name, "e", (view) =>
      reportAttempt(view, "password", client, "failed"),
    );
    const aliases = [{ name: "al", folded: "al" }];
    await store.putUser(
      { orgId, userId: "al" },
      aliases,
      "e",
      putUser(undefined),
    );
    await report("al", "succeeded");
    time += 60 * day;
    await report("al", "failed");
    await pruneOld(store, 30 * day);
    expect((await all()).map(({ type }) => type)).not.toContain(
      "user.human.password.check.succeeded",
    );
    expect(await problems()).toEqual([]);
  });

  it("are removed piece by piece, however many there are", async () => {
    const api = { version: "v2", authorise: () => undefined } as const;
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 70 }, async (_, index) => {
          await report(`user ${index}`, "failed");
          await report(`user ${index}`, round % 2 ? "failed" : "succeeded");
        }),
      );
      time += day;
    }
    const pieces: number[] = [];
    await pruneOld(store, day * 5 + 1, (count) => pieces.push(count));
    expect(pieces.length).toBeGreaterThanOrEqual(4);
    expect(pieces.at(-1)).toBeGreaterThan(0);
    const left = (await all()).filter(isCheck);
    expect(
      left.every(
        ({ creationMicros }) => creationMicros >= (time - 6 * day) * 1000,
      ),
    ).toBe(true);
    expect(await problems()).toEqual([]);
    await pruneOld(store, 0, (count) => pieces.push(count));
    expect(
      (await all())
        .filter(isCheck)
        .every(({ payload }) => payload === undefined),
    ).toBe(true);
    expect(await problems()).toEqual([]);
    await expect(
      store.changeUser({ orgId, userId: "user 1" }, "e", unlockUser(api)),
    ).resolves.toBeDefined();
    expect(await problems()).toEqual([]);
  });

  it("that are gone otherwise are missed by check: of other types, later than what was removed, or with another count", async () => {
    await report("a", "failed");
    await report("a", "failed");
    time += 60 * day;
    await report("a", "succeeded");
    await report("b", "failed");
    await report("b", "failed");
    await pruneOld(store, 30 * day);
    expect(await problems()).toEqual([]);
    await store.close();
    const { run, close } = await place.open();
    await run("DELETE FROM events WHERE aggregate_id = 'b' AND sequence = 2");
    expect(await problems()).toEqual([
      expect.stringMatching(/of user b, has sequence 3, not 2/),
      expect.stringMatching(/user b .* has 2 failures of password/),
    ]);
    await run("UPDATE counters SET failed = 1");
    expect(await problems()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/user a .* has 1 failures of password/),
      ]),
    );
    await close();
    store = await openStore(place.url, { exclusive: true });
  });

  it("are missed by no copy, and it knows", async () => {
    await report("a", "failed");
    await report("a", "failed");
    time += 60 * day;
    await report("a", "failed");
    await pruneOld(store, 30 * day);
    await store.close();
    const directory = await makeTempDir();
    const to = `sqlite:${directory.file("copy.db")}`;
    expect(
      (await copyDatabase(place.url, to, () => undefined)).differences,
    ).toEqual([]);
    expect((await checkDatabase(to)).problems).toEqual([]);
    await directory.remove();
    store = await openStore(place.url, { exclusive: true });
  });
}

describe("events of attempts on SQLite", () => {
  describePruning(async () => {
    const directory = await makeTempDir();
    const path = directory.file("a.db");
    return {
      url: `sqlite:${path}`,
      open: async () => {
        const database = new Database(path);
        return {
          run: (sql) => database.exec(sql),
          close: () => database.close(),
        };
      },
      remove: () => directory.remove(),
    };
  });
});

describe("events of attempts on PostgreSQL", () => {
  const postgres = usePostgres();
  describePruning(async () => {
    const { url, drop } = await postgres.createMigrated();
    return {
      url,
      open: async () => {
        const client = new Client({ connectionString: url });
        await client.connect();
        return { run: (sql) => client.query(sql), close: () => client.end() };
      },
      remove: drop,
    };
  });
});
