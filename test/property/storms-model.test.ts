import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { NewEvent } from "../../src/lockout/events/event.ts";
import { createDefaultPolicy } from "../../src/lockout/policy/policy.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import { noStorm, settleStorm } from "../../src/lockout/attempt/storm.ts";
import { unlockSubject } from "../../src/lockout/user/unlock.ts";
import { settleStormsOf } from "../../src/store/commands/settle-storms.ts";
import { recordedEvent } from "../../src/store/commands/tables.ts";
import type { EventTable } from "../../src/store/commands/tables.ts";
import type { RecordedEvent } from "../../src/store/events.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { noMeter, Tally } from "../../src/store/meter.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { rulesDecision } from "../support/change-policy.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";
import { stormsOf } from "./storms-model.ts";
import type { StormMoment } from "./storms-model.ts";

// Storms against a model that keeps every lock and counts anew at each moment: the function alone for depth, both engines and three nodes for breadth.

const start = Date.UTC(2030, 0, 1);
const ttlMs = 60_000;

const rule = fc.record({
  maxLocks: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.constantFrom(1, 10, 1000, 60_000),
});

function toMoments(
  events: readonly Pick<NewEvent | RecordedEvent, "type" | "payload">[],
): readonly StormMoment[] {
  return events
    .filter(({ type }) => type.startsWith("org.lockout.storm."))
    .map(({ type, payload }) => ({
      what: type.endsWith("began") ? "began" : "ended",
      at: Date.parse(String(payload?.["at"])),
    }));
}

it("what settling comes to, however often, is what counting all locks anew comes to", () => {
  const rounds = fc.array(
    fc.record({
      waitMs: fc.constantFrom(0, 1, 5, 9, 10, 400, 999, 1000, 30_000, 90_000),
      /** How long before the moment of settling. */
      ages: fc.array(fc.nat({ max: 1000 }), { maxLength: 8 }),
    }),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(rule, rounds, (storms, played) => {
      let now = start;
      let state = noStorm;
      const locks: number[] = [];
      const events: NewEvent[] = [];
      for (const { waitMs, ages } of played) {
        // Those of the moment that was settled last are known.
        const added = ages.map((age) => now + Math.max(waitMs - age, 1));
        now += Math.max(waitMs, 1);
        locks.push(...added);
        const settled = settleStorm(state, added, { storms }, now);
        state = settled.storm ?? noStorm;
        events.push(...settled.events);
        expect(state.locks.length).toBeLessThanOrEqual(
          2 * (storms.maxLocks + 1),
        );
        expect(toMoments(events)).toEqual(stormsOf(locks, storms, now));
      }
    }),
    { numRuns: 5000 },
  );
});

it("so is it where more locks were noted than are read at a time", () => {
  const parts = fc.array(fc.nat({ max: 3000 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      rule,
      parts,
      fc.integer({ min: 1, max: 9 }),
      (storms, played, atOnce) => {
        const orgId = "400000000000000000";
        const locks = played.map((ms) => start + ms).sort((a, b) => a - b);
        const now = start + 3000;
        let left = [...locks];
        let storm = noStorm;
        const events: NewEvent[] = [];
        const tables = {
          storms: {
            note: () => undefined,
            find: () => ({
              ...{ storm, noted: left.slice(0, atOnce) },
              hasMore: left.length >= atOnce,
            }),
            settle: (_orgId: string, settled: typeof storm | undefined) => {
              storm = settled ?? noStorm;
              left = left.slice(atOnce);
            },
          },
          policies: {
            policyFor: () => ({
              limits: { maxPasswordAttempts: 1, maxOtpAttempts: 1 },
              rules: { ...noRules, storms },
            }),
          },
          events: {
            append: (
              ...[aggregate, editor, event]: Parameters<EventTable["append"]>
            ) => {
              events.push(event);
              const place = { position: 0, sequence: 0, creationMicros: 0 };
              return recordedEvent(aggregate, editor, event, place);
            },
          },
          orgs: { isRemoved: () => false },
          tally: new Tally(noMeter),
        };
        let rounds = 0;
        do {
          settleStormsOf(tables, orgId, now);
          rounds += 1;
        } while (rounds <= locks.length / atOnce);
        expect(left).toEqual([]);
        expect(toMoments(events)).toEqual(stormsOf(locks, storms, now));
      },
    ),
    { numRuns: 1000 },
  );
});

it("locks that are reported late make no storm begin or end twice", () => {
  const rounds = fc.array(
    fc.record({
      waitMs: fc.constantFrom(1, 10, 500, 1000, 30_000),
      ages: fc.array(fc.nat({ max: 40_000 }), { maxLength: 8 }),
    }),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(rule, rounds, (storms, played) => {
      let now = start;
      let state = noStorm;
      const events: NewEvent[] = [];
      for (const { waitMs, ages } of played) {
        now += waitMs;
        const added = ages.map((age) => now - age);
        const settled = settleStorm(state, added, { storms }, now);
        state = settled.storm ?? noStorm;
        events.push(...settled.events);
      }
      const told = toMoments(events);
      expect(told.map(({ what }) => what)).toEqual(
        told.map((_moment, index) => (index % 2 === 0 ? "began" : "ended")),
      );
      const idle = settleStorm(state, [], { storms }, now + 90_000);
      expect(idle.storm).toBeUndefined();
    }),
    { numRuns: 5000 },
  );
});

const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const game = fc.record({
  rule,
  moves: fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: kind("wait"),
          ms: fc.constantFrom(1, 9, 500, 1000, 29_000, 61_000),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: kind("lock"),
          users: fc.integer({ min: 1, max: 7 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: kind("begin") }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("unlock and fail") }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("remove") }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("name") }) },
      { weight: 3, arbitrary: fc.record({ kind: kind("settle") }) },
    ),
    { minLength: 1, maxLength: 25 },
  ),
});
type Game = typeof game extends fc.Arbitrary<infer Value> ? Value : never;

async function play(
  stores: readonly Store[],
  orgId: string,
  { rule: storms, moves }: Game,
  clock: { time: number },
): Promise<void> {
  let turn = 0;
  // Each call by another node.
  const store = (): Store => {
    turn += 1;
    const next = stores[turn % stores.length];
    if (next === undefined) {
      throw new Error("there is no store");
    }
    return next;
  };
  await store().changePolicy({ kind: "org", orgId }, "e", () =>
    rulesDecision("org", { ...noRules, storms }),
  );
  const locks: number[] = [];
  const expiring = new Map<string, number>();
  const users: string[] = [];
  const newUser = () => {
    users.push(`u${users.length}`);
    return { kind: "user", orgId, userId: users.at(-1) ?? "" } as const;
  };
  const fail = (subject: Parameters<Store["reportAttempt"]>[0]) =>
    store().reportAttempt(subject, "e", (view) =>
      reportAttempt(view, "password", {}, "failed"),
    );
  // By all nodes at once: the first settles, the others find that there is nothing to do.
  const settle = () =>
    Promise.all(
      stores.map(async (node) => {
        while ((await node.settleAttempts(100)) > 0) {
          // There is more.
        }
      }),
    );
  const expire = () => {
    for (const [userId, time] of expiring) {
      if (time <= clock.time) {
        expiring.delete(userId);
        locks.push(time);
      }
    }
  };
  for (const move of moves) {
    switch (move.kind) {
      case "wait":
        clock.time += move.ms;
        break;
      case "lock":
        await Promise.all(
          Array.from({ length: move.users }, () => fail(newUser())),
        );
        for (let user = 0; user < move.users; user += 1) {
          locks.push(clock.time);
        }
        break;
      case "begin":
        await store().beginAttempt(newUser(), "e", (view, attemptId) =>
          beginAttempt(view, {
            ...{ attemptId, factor: "password", client: {}, ttlMs },
          }),
        );
        expiring.set(users.at(-1) ?? "", clock.time + ttlMs);
        break;
      case "unlock and fail": {
        const user = newUser();
        await fail(user);
        await store().unlock(
          ...([user, "e"] as const),
          unlockSubject({
            ...{ note: "", ticket: "", ifLockedAt: undefined },
            unknown: "notLocked",
          }),
        );
        const { attempt } = await store().beginAttempt(
          ...([user, "e"] as const),
          (view, attemptId) =>
            beginAttempt(view, {
              ...{ attemptId, factor: "password", client: {}, ttlMs },
            }),
        );
        await store().completeAttempt(
          ...([orgId, attempt?.id ?? "", "e"] as const),
          (view, begun) => completeAttempt(view, begun, "failed"),
        );
        locks.push(clock.time, clock.time);
        break;
      }
      case "remove":
        await store().deleteUser({ orgId, userId: users.at(-1) ?? "" }, "e");
        expiring.delete(users.at(-1) ?? "");
        break;
      case "name":
        await fail({ kind: "name", orgId, foldedName: `name ${turn}` });
        break;
      case "settle":
        await settle();
        break;
    }
    if (move.kind === "wait" || move.kind === "settle") {
      // Before the next lock, so that none is late, not even within the moment.
      await settle();
      expire();
      clock.time += 1;
    }
  }
  clock.time += 1_000_000;
  await settle();
  expire();
  const events = await store().listEvents({
    ...{ ascending: true, limit: 1000, resourceOwner: orgId },
    types: ["org.lockout.storm.began", "org.lockout.storm.ended"],
  });
  expect(toMoments(events)).toEqual(stormsOf(locks, storms, clock.time));
}

async function playOn(
  url: string,
  nodes: number,
  numRuns: number,
): Promise<void> {
  const clock = { time: start };
  let orgs = 0;
  const stores: Store[] = [];
  for (let node = 0; node < nodes; node += 1) {
    stores.push(
      await openStore(url, { exclusive: true, now: () => clock.time }),
    );
  }
  await stores[0]?.initialise({
    orgName: "first",
    policy: createDefaultPolicy({ maxPasswordAttempts: 1, maxOtpAttempts: 1 }),
    token: {
      hash: createHash("sha256").update("t").digest(),
      ...{ name: "", roles: [], expirationDate: undefined },
    },
  });
  await fc.assert(
    fc.asyncProperty(game, async (played) => {
      orgs += 1;
      clock.time += 1;
      const orgId = String(400_000_000_000_000_000 + orgs * 1000);
      await play(stores, orgId, played, clock);
    }),
    { numRuns },
  );
  for (const store of stores) {
    await store.close();
  }
  const { problems } = await checkDatabase(url);
  expect(problems).toEqual([]);
}

it("SQLite tells of the storms that there were", async () => {
  const directory = await makeTempDir();
  await playOn(`sqlite:${directory.file("a.db")}`, 1, 60);
  await directory.remove();
});

const postgres = usePostgres();

it("PostgreSQL: the same, by three nodes", async () => {
  const { url, drop } = await postgres.createMigrated();
  await playOn(url, 3, 30);
  await drop();
});
