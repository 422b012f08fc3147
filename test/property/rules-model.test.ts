import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { SourceMissing } from "../../src/store/postgres/sources.ts";
import { Workspace } from "../../src/store/postgres/workspace.ts";
import { createNameKey } from "../../src/store/shared/name-hash.ts";
import { orgAggregate } from "../../src/store/commands/tables.ts";
import type { Store } from "../../src/store/store.ts";
import { createDefaultPolicy } from "../../src/lockout/policy/policy.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";
import { moves, play } from "./rules-game.ts";
import type { Board } from "./rules-game.ts";

// Timed locks, observation windows, ceilings and scopes against a model that keeps every failure and counts anew each time: on tables in memory for
// depth, on both engines for breadth.

const start = Date.UTC(2030, 0, 1);
const postgres = usePostgres();

/** Tables that begin with nothing and are in no database. */
function memoryBoard(): Board {
  let made = 0;
  const next = () => (made += 1);
  const workspace = new Workspace(
    {
      ...{ subjects: [], counters: [], attempts: [], aliases: [], names: [] },
      ...{
        reports: [],
        policies: [],
        policySequences: [],
        storms: [],
        removedOrgs: [],
        userSequences: [],
      },
    },
    createNameKey(Buffer.alloc(32)),
    { newKey: next, newId: () => String(next()), isFull: () => false },
  );
  const { commands } = workspace;
  /** Sources are nowhere before they are asked for. */
  const run = <T>(command: () => T): T => {
    try {
      return workspace.run(command);
    } catch (error) {
      if (!(error instanceof SourceMissing)) {
        throw error;
      }
      workspace.sources.take(
        workspace.sources.missing.map((key) => ({
          ...{ key, source: undefined, open: 0 },
        })),
      );
      return workspace.run(command);
    }
  };
  const key = { orgId: "o", userId: "u" };
  const subject = { kind: "user", ...key } as const;
  const owner = { type: "org", id: key.orgId } as const;
  return {
    key,
    begin: (time, decide) =>
      run(() => commands.beginAttempt(subject, "e", time, decide)),
    complete: (time, id, decide) =>
      run(() => commands.completeAttempt(key.orgId, id, "e", time, decide)),
    report: (time, decide) =>
      run(() => commands.reportAttempt(subject, "e", time, decide, undefined)),
    change: (time, decide) =>
      run(() => commands.changeUser(key, "e", time, decide)),
    unlock: (time, decide) =>
      run(() => commands.unlock(subject, "e", time, decide)),
    look: (time) => {
      const stored = commands.findStored(subject);
      if (
        stored !== undefined &&
        workspace.attempts.expiredOf(stored.key, time).length > 0
      ) {
        run(() => {
          commands.settleSubject(subject, time);
        });
      }
      return commands.findLockout(subject, time);
    },
    settle: (time) => run(() => commands.settleSome(time, 1000)),
    policy: (time, decision) =>
      workspace.policies.apply(owner, "e", decision, time),
    ends: () =>
      workspace.events.pending
        .filter(({ type }) => /^user\.(factor\.)?unlocked$/.test(type))
        .filter(({ payload }) => payload?.["expired"] === true)
        .map(({ payload }) => payload),
  };
}

it("the rules come to what a naive count of all failures comes to", async () => {
  await fc.assert(
    fc.asyncProperty(moves, (played) => play(memoryBoard(), played, start)),
    { numRuns: 1000 },
  );
});

/** A user of a new organisation in a database whose stores take turns; the game sets their clock. */
function storeBoard(
  stores: readonly Store[],
  orgId: string,
  setTime: (time: number) => void,
): Board {
  const key = { orgId, userId: "u" };
  const subject = { kind: "user", ...key } as const;
  let turn = 0;
  const next = (): Store => {
    turn += 1;
    const store = stores[turn % stores.length];
    if (store === undefined) {
      throw new Error("there is no store");
    }
    return store;
  };
  const at = async <T>(
    time: number,
    run: (store: Store) => Promise<T>,
  ): Promise<T> => {
    setTime(time);
    return run(next());
  };
  return {
    key,
    begin: (time, decide) =>
      at(time, (store) => store.beginAttempt(subject, "e", decide)),
    complete: (time, id, decide) =>
      at(time, (store) => store.completeAttempt(orgId, id, "e", decide)),
    report: (time, decide) =>
      at(time, (store) => store.reportAttempt(subject, "e", decide)),
    change: (time, decide) =>
      at(time, (store) => store.changeUser(key, "e", decide)),
    unlock: (time, decide) =>
      at(time, (store) => store.unlock(subject, "e", decide)),
    look: (time) => at(time, (store) => store.findLockout(subject)),
    settle: (time) =>
      at(time, async (store) => {
        let done: number;
        do {
          done = await store.settleAttempts(100);
        } while (done > 0);
      }),
    policy: (time, decision) =>
      at(time, (store) =>
        store.changePolicy({ kind: "org", orgId }, "e", () => decision),
      ),
    ends: async () => {
      const events = await next().listEvents({
        ...{ ascending: true, limit: 1000 },
        types: ["user.unlocked", "user.factor.unlocked"],
        ...{ resourceOwner: orgAggregate(orgId).id },
      });
      return events
        .filter(({ payload }) => payload?.["expired"] === true)
        .map(({ payload }) => payload);
    },
  };
}

async function playOn(
  url: string,
  nodes: number,
  numRuns: number,
): Promise<void> {
  let time = start;
  let orgs = 0;
  const stores: Store[] = [];
  for (let node = 0; node < nodes; node += 1) {
    stores.push(await openStore(url, { exclusive: true, now: () => time }));
  }
  await stores[0]?.initialise({
    orgName: "first",
    policy: createDefaultPolicy({ maxPasswordAttempts: 0, maxOtpAttempts: 0 }),
    token: {
      hash: createHash("sha256").update("t").digest(),
      ...{ name: "", roles: [], expirationDate: undefined },
    },
  });
  await fc.assert(
    fc.asyncProperty(moves, async (played) => {
      orgs += 1;
      const orgId = String(400_000_000_000_000_000 + orgs * 1000);
      const board = storeBoard(stores, orgId, (now) => {
        time = now;
      });
      await play(board, played, time + 1);
    }),
    { numRuns },
  );
  for (const store of stores) {
    await store.close();
  }
}

it("SQLite: the same", async () => {
  const directory = await makeTempDir();
  const url = `sqlite:${directory.file("a.db")}`;
  await playOn(url, 1, 60);
  const { problems } = await checkDatabase(url);
  expect(problems).toEqual([]);
  await directory.remove();
});

it("PostgreSQL: the same, by three nodes", async () => {
  const { url, drop } = await postgres.createMigrated();
  await playOn(url, 3, 40);
  const { problems } = await checkDatabase(url);
  expect(problems).toEqual([]);
  await drop();
});
