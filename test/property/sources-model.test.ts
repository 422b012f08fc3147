import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { Outcome } from "../../src/lockout/user/comparison.ts";
import { createDefaultPolicy } from "../../src/lockout/policy/policy.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { rulesDecision } from "../support/change-policy.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Sources of failures on both engines, through several stores at once, against a model that keeps every failure and counts anew each time.

const start = Date.UTC(2030, 0, 1);
const ttlMs = 60_000;
const addresses = ["192.0.2.1", "192.0.2.2", "198.51.100.1"] as const;

const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const who = {
  user: fc.integer({ min: 0, max: 2 }),
  from: fc.integer({ min: 0, max: 2 }),
};
const outcome = fc.constantFrom<Outcome>(
  ...(["failed", "failed", "succeeded", "not_a_guess"] as const),
);
const game = fc.record({
  // The bucket loses a failure in whole milliseconds, so that the model is exact.
  rule: fc.constantFrom(
    { maxFailures: 1, windowMs: 20_000 },
    { maxFailures: 3, windowMs: 30_000 },
    { maxFailures: 4, windowMs: 400_000 },
  ),
  ipv4Prefix: fc.constantFrom(24, 32),
  moves: fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: kind("wait"),
          ms: fc.constantFrom(1, 999, 9999, 10_000, 30_000, 61_000, 500_000),
        }),
      },
      { weight: 6, arbitrary: fc.record({ kind: kind("begin"), ...who }) },
      { weight: 2, arbitrary: fc.record({ kind: kind("report"), ...who }) },
      {
        weight: 5,
        arbitrary: fc.record({
          ...{ kind: kind("complete"), which: fc.nat(), outcome },
        }),
      },
    ),
    { minLength: 1, maxLength: 30 },
  ),
});
type Game = typeof game extends fc.Arbitrary<infer Value> ? Value : never;

interface ModelAttempt {
  readonly id: string;
  readonly user: number;
  readonly network: string;
  readonly expires: number;
  isOpen: boolean;
}

/** What is known of one organisation: every failure, and every attempt. */
class SourcesModel {
  readonly attempts: ModelAttempt[] = [];
  readonly #failures: { readonly network: string; readonly time: number }[] =
    [];
  readonly #rule: Game["rule"];

  constructor(rule: Game["rule"]) {
    this.#rule = rule;
  }

  /** Counts what has expired of a user, or of all. */
  settle(time: number, user?: number): void {
    const due = this.attempts
      .filter((attempt) => attempt.isOpen && attempt.expires <= time)
      .filter((attempt) => user === undefined || attempt.user === user)
      .sort((a, b) => a.expires - b.expires || (a.id < b.id ? -1 : 1));
    for (const attempt of due) {
      attempt.isOpen = false;
      this.fail(attempt.network, attempt.expires);
    }
  }

  fail(network: string, time: number): void {
    this.#failures.push({ network, time });
  }

  isThrottled(network: string, now: number): boolean {
    const { maxFailures, windowMs } = this.#rule;
    const each = windowMs / maxFailures;
    // How long the bucket takes to be empty.
    let leftMs = 0;
    let last = 0;
    for (const { time } of this.#of(network)) {
      leftMs = Math.max(leftMs - Math.max(time - last, 0), 0);
      leftMs = Math.min(leftMs + each, windowMs);
      last = Math.max(last, time);
    }
    leftMs = Math.max(leftMs - Math.max(now - last, 0), 0);
    const open = this.attempts.filter(
      (attempt) => attempt.isOpen && attempt.network === network,
    ).length;
    return leftMs + (open + 1) * each > windowMs;
  }

  #of(network: string) {
    return this.#failures.filter((failure) => failure.network === network);
  }
}

async function play(
  stores: readonly Store[],
  orgId: string,
  { rule, ipv4Prefix, moves }: Game,
  clock: { time: number },
): Promise<void> {
  const model = new SourcesModel(rule);
  const sources = { ...noRules.sources, ...rule, ipv4Prefix };
  const rules = { ...noRules, sources };
  let turn = 0;
  // Each call by another node.
  const store = () => {
    turn += 1;
    const [first] = stores;
    const next = stores[turn % stores.length] ?? first;
    if (next === undefined) {
      throw new Error("there is no store");
    }
    return next;
  };
  const networkOf = (from: number) => {
    const address = addresses[from] ?? "";
    return ipv4Prefix === 32 ? address : address.replace(/\d+$/, "0");
  };
  const subject = (user: number) =>
    ({ kind: "user", orgId, userId: `u${user}` }) as const;
  const client = (from: number) => ({ address: addresses[from] ?? "" });
  await store().changePolicy({ kind: "org", orgId }, "e", () =>
    rulesDecision("org", rules),
  );
  for (const move of moves) {
    clock.time += 1;
    switch (move.kind) {
      case "wait":
        clock.time += move.ms;
        // As the server does each second: what nobody asked about holds its chance until then.
        model.settle(clock.time);
        while ((await store().settleAttempts(100)) > 0) {
          // There is more.
        }
        break;
      case "begin": {
        const { user, from } = move;
        model.settle(clock.time, user);
        const isThrottled = model.isThrottled(networkOf(from), clock.time);
        const { decision, attempt } = await store().beginAttempt(
          ...([subject(user), "e"] as const),
          (view, attemptId) =>
            beginAttempt(view, {
              ...{ attemptId, factor: "password", ttlMs },
              client: client(from),
            }),
        );
        expect(decision).toBe(isThrottled ? "throttled" : "proceed");
        if (attempt !== undefined) {
          model.attempts.push({
            ...{ id: attempt.id, user, network: networkOf(from) },
            ...{ expires: clock.time + ttlMs, isOpen: true },
          });
        }
        break;
      }
      case "report":
        model.settle(clock.time, move.user);
        model.fail(networkOf(move.from), clock.time);
        await store().reportAttempt(subject(move.user), "e", (view) =>
          reportAttempt(view, "password", client(move.from), "failed"),
        );
        break;
      case "complete": {
        const { length } = model.attempts;
        const attempt = model.attempts[move.which % Math.max(length, 1)];
        if (attempt === undefined) {
          break;
        }
        model.settle(clock.time, attempt.user);
        if (!attempt.isOpen) {
          break;
        }
        attempt.isOpen = false;
        if (move.outcome === "failed") {
          model.fail(attempt.network, clock.time);
        }
        await store().completeAttempt(orgId, attempt.id, "e", (view, stored) =>
          completeAttempt(view, stored, move.outcome),
        );
        break;
      }
    }
  }
  // The next game has nothing to do with what is left of this one.
  clock.time += 1000 * ttlMs;
  while ((await store().settleAttempts(100)) > 0) {
    // There is more.
  }
}

async function playOn(
  url: string,
  nodes: number,
  numRuns: number,
): Promise<void> {
  const clock = { time: start };
  const stores: Store[] = [];
  for (let node = 0; node < nodes; node += 1) {
    const options = { exclusive: node === 0, now: () => clock.time };
    stores.push(await openStore(url, options));
  }
  await stores[0]?.initialise({
    orgName: "first",
    policy: createDefaultPolicy({ maxPasswordAttempts: 0, maxOtpAttempts: 0 }),
    token: {
      hash: createHash("sha256").update("t").digest(),
      ...{ name: "", roles: [], expirationDate: undefined },
    },
  });
  let orgs = 0;
  await fc.assert(
    fc.asyncProperty(game, async (played) => {
      orgs += 1;
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

it("SQLite: sources come to what a naive count of all failures comes to", async () => {
  const directory = await makeTempDir();
  await playOn(`sqlite:${directory.file("a.db")}`, 1, 200);
  await directory.remove();
});

const postgres = usePostgres();

it("PostgreSQL, three nodes: the same", async () => {
  const { url, drop } = await postgres.createMigrated();
  await playOn(url, 3, 40);
  await drop();
});
