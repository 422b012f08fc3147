import fc from "fast-check";
import { expect } from "vitest";
import {
  beginAttempt,
  completeAttempt,
  decisionOf,
  reportAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import type { BeginResult } from "../../src/lockout/attempt/attempt.ts";
import { failedAt } from "../../src/lockout/user/counter.ts";
import type {
  CompleteResult,
  Outcome,
} from "../../src/lockout/user/comparison.ts";
import { usedOf } from "../../src/lockout/user/devices.ts";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import { forgetDevices } from "../../src/lockout/user/forget-devices.ts";
import type { Limits } from "../../src/lockout/policy/limits.ts";
import type { Lock } from "../../src/lockout/user/lock.ts";
import type { PolicyDecision } from "../../src/lockout/policy/policy.ts";
import { noRules } from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";
import { recordPasswordChange } from "../../src/lockout/user/password-change.ts";
import { lockUser } from "../../src/lockout/user/user.ts";
import { unlockSubject } from "../../src/lockout/user/unlock.ts";
import type { DecideUser } from "../../src/lockout/user/user.ts";
import type { AttemptStore, UserStore } from "../../src/store/users.ts";
import type { Awaitable } from "../../src/store/awaitable.ts";
import type { UserCommands } from "../../src/store/commands/user-commands.ts";
import { rulesDecision } from "../support/change-policy.ts";
import { modelFactors, RulesModel } from "./rules-model.ts";
import type { ModelFactor } from "./rules-model.ts";

/** How long an attempt lives in the games, in milliseconds. */
const ttlMs = 60_000;
const client = { address: "192.0.2.1" };
const startLimits: Limits = { maxPasswordAttempts: 3, maxOtpAttempts: 2 };

/** What is played on: commands on one user of one organisation, at a time that the game says. */
export interface Board {
  readonly key: { readonly orgId: string; readonly userId: string };
  readonly begin: (
    time: number,
    decide: Parameters<UserCommands["beginAttempt"]>[3],
  ) => Awaitable<BeginResult>;
  readonly complete: (
    time: number,
    id: string,
    decide: Parameters<UserCommands["completeAttempt"]>[4],
  ) => Awaitable<CompleteResult>;
  readonly report: (
    time: number,
    decide: Parameters<AttemptStore["reportAttempt"]>[2],
  ) => Awaitable<CompleteResult>;
  readonly change: (
    time: number,
    decide: DecideUser<void>,
  ) => Awaitable<unknown>;
  readonly unlock: (
    time: number,
    decide: DecideUser<void>,
  ) => Awaitable<unknown>;
  readonly look: (
    time: number,
  ) => Awaitable<Awaited<ReturnType<UserStore["findLockout"]>>>;
  readonly settle: (time: number) => Awaitable<unknown>;
  readonly policy: (
    time: number,
    decision: PolicyDecision,
  ) => Awaitable<unknown>;
  /** The payloads of the user's `user.unlocked` and `user.factor.unlocked` that are of locks that ended by themselves. */
  readonly ends: () => Awaitable<readonly unknown[]>;
}

type Move =
  | { readonly kind: "wait"; readonly ms: number }
  | {
      readonly kind: "begin";
      readonly factor: ModelFactor;
      /** Which of the devices that were remembered tries; another one where there are not as many. */
      readonly device: number;
    }
  | {
      readonly kind: "complete";
      readonly which: number;
      readonly outcome: Outcome;
      readonly secret: number | undefined;
      readonly remembers: boolean;
    }
  | {
      readonly kind: "report";
      readonly factor: ModelFactor;
      readonly device: number;
      readonly outcome: Outcome;
      readonly secret: number | undefined;
    }
  | { readonly kind: "unlock" | "lock" | "password" | "forget" | "settle" }
  | { readonly kind: "rules"; readonly rules: Rules }
  | { readonly kind: "limits"; readonly limits: Limits };

const factor = fc.constantFrom(...modelFactors);
const outcome = fc.constantFrom<Outcome>(
  ...(["failed", "failed", "failed", "succeeded", "not_a_guess"] as const),
);
const lockRules = fc.constantFrom(
  {},
  { lockDurationMs: 10_000 },
  { lockDurationMs: 10_000, lockGrowth: 2 },
  { lockDurationMs: 30_000, lockGrowth: 1.5, maxLockDurationMs: 70_000 },
  { lockDurationMs: 90_000, lockGrowth: 10 },
);
const rules = fc
  .record({
    lock: lockRules,
    observationWindowMs: fc.constantFrom(0, 20_000, 100_000),
    ceiling: fc.constantFrom(0, 0, 3, 5, 8),
    rememberedSecrets: fc.constantFrom(0, 0, 1, 2, 3),
    lockScope: fc.constantFrom("user", "factor"),
    devices: fc.record({
      maxAttempts: fc.constantFrom(0, 1, 2, 3),
      trustDurationMs: fc.constantFrom(0, 100_000),
    }),
    // Far from their limits, which have models of their own: beside them the others count as without.
    sources: fc.constantFrom(noRules.sources, {
      ...{ ...noRules.sources, maxFailures: 1000, windowMs: 10_000 },
    }),
    storms: fc.constantFrom(noRules.storms, { maxLocks: 1, windowMs: 30_000 }),
  })
  .map(({ lock, ...rest }): Rules => ({ ...noRules, ...rest, ...lock }));
const limits = fc.record({
  maxPasswordAttempts: fc.integer({ min: 0, max: 3 }),
  maxOtpAttempts: fc.integer({ min: 0, max: 3 }),
});
const secret = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
/** The digest of one of few secrets. */
const digestOf = (number: number | undefined) =>
  number === undefined ? undefined : Buffer.alloc(16, number);
const device = fc.nat({ max: 3 });
const kind = <Kind extends string>(name: Kind) => fc.constant(name);

/** Moves of a game. */
export const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: kind("wait"),
        ms: fc.constantFrom(1, 5000, 10_000, 20_000, 60_000, 61_000, 100_000),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: kind("begin"), factor, device }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        ...{ kind: kind("complete"), which: fc.nat(), outcome, secret },
        remembers: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ...{ kind: kind("report"), factor, device, outcome, secret },
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("unlock", "lock", "password", "forget", "settle"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: kind("rules"), rules }) },
    { weight: 1, arbitrary: fc.record({ kind: kind("limits"), limits }) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Plays a game on a board and in the model, and compares each response, and after each move the state. */
export async function play(
  board: Board,
  played: readonly Move[],
  start: number,
): Promise<void> {
  const model = new RulesModel(startLimits, ttlMs);
  const ids: string[] = [];
  const tokens: string[] = [];
  const numberOf = (token: string) => {
    if (!tokens.includes(token)) {
      tokens.push(token);
    }
    return tokens.indexOf(token);
  };
  let time = start;
  const setRules = (wanted: Rules) =>
    board.policy(time, rulesDecision("org", wanted));
  const setLimits = (wanted: Limits) =>
    board.policy(time, {
      numbers: {
        event: {
          type: "org.policy.lockout.changed",
          payload: {
            maxPasswordAttempts: wanted.maxPasswordAttempts,
            maxOTPAttempts: wanted.maxOtpAttempts,
          },
        },
        limits: wanted,
      },
    });
  await setLimits(startLimits);
  await setRules(noRules);

  for (const move of played) {
    time += 1;
    switch (move.kind) {
      case "wait":
        time += move.ms;
        break;
      case "begin": {
        const { decision, failed, open, isKnownDevice, attempt } =
          await board.begin(time, (view, attemptId) =>
            beginAttempt(view, {
              ...{ attemptId, factor: move.factor, client, ttlMs },
              deviceToken: tokens[move.device],
            }),
          );
        model.settle(time);
        expect({ decision, failed, open, isKnownDevice }).toEqual(
          model.begin(move.factor, move.device),
        );
        if (attempt !== undefined) {
          ids.push(attempt.id);
        }
        break;
      }
      case "complete": {
        const place = move.which % Math.max(ids.length, 1);
        const attempt = model.attempts[place];
        const id = ids[place];
        if (attempt === undefined || id === undefined) {
          break;
        }
        model.settle(time);
        if (attempt.state === "closed") {
          break;
        }
        const { remembers } = move;
        const {
          device: remembered,
          deviceToken,
          ...result
        } = await board.complete(time, id, (view, stored) =>
          completeAttempt(view, stored, move.outcome, {
            secretDigest: digestOf(move.secret),
            remembersDevice: remembers,
          }),
        );
        const expected = model.complete(
          ...([attempt, move.outcome, move.secret, remembers] as const),
        );
        const number = deviceToken === undefined ? -1 : numberOf(deviceToken);
        expect({
          ...result,
          ...(remembered !== undefined && {
            ...{ number, deviceExpires: remembered.expireTime },
          }),
        }).toEqual(expected);
        break;
      }
      case "report":
        model.settle(time);
        expect(
          await board.report(time, (view) =>
            reportAttempt(
              ...([view, move.factor, client, move.outcome] as const),
              {
                secretDigest: digestOf(move.secret),
                deviceToken: tokens[move.device],
              },
            ),
          ),
        ).toEqual(
          model.report(move.factor, move.outcome, move.secret, move.device),
        );
        break;
      case "forget":
        model.settle(time);
        if (await succeeds(() => board.change(time, forgetDevices))) {
          model.forgetDevices();
        }
        break;
      case "unlock": {
        model.settle(time);
        const unlocked = await succeeds(() =>
          board.unlock(
            time,
            unlockSubject({
              ...{ note: "", ticket: "", ifLockedAt: undefined },
              unknown: "notLocked",
            }),
          ),
        );
        expect(unlocked).toBe(model.unlock());
        break;
      }
      case "lock": {
        model.settle(time);
        const api = { version: "v1", authorise: () => undefined } as const;
        const locked = await succeeds(() => board.change(time, lockUser(api)));
        expect(locked).toBe(model.lockByAdministrator());
        break;
      }
      case "password":
        model.settle(time);
        await board.change(time, recordPasswordChange);
        model.changePassword();
        break;
      case "settle":
        model.settle(time);
        await board.settle(time);
        break;
      case "rules":
        await setRules(move.rules);
        model.rules = move.rules;
        break;
      case "limits":
        await setLimits(move.limits);
        model.limits = move.limits;
        break;
    }
    await compare(board, model, time);
  }
  time += 1000 * 86_400_000;
  model.settle(time);
  await board.settle(time);
  await compare(board, model, time);
  expect(await board.ends()).toEqual(
    model.ended.map(({ end, factor: ended }) => ({
      ...(ended !== undefined && { factor: `FACTOR_${ended.toUpperCase()}` }),
      expired: true,
      at: new Date(end).toISOString(),
    })),
  );
}

async function compare(
  board: Board,
  model: RulesModel,
  time: number,
): Promise<void> {
  const found = await board.look(time);
  model.settle(time);
  if (!model.isKnown) {
    expect(found).toBeUndefined();
    return;
  }
  const view = found?.view;
  const show = (lock: Lock | undefined) =>
    lock && {
      ...{ reason: lock.reason, time: lock.time },
      ...{ end: lock.endTime, factor: lock.factor },
    };
  expect({
    lock: show(view?.user.lock),
    onDevices: modelFactors.map((name) =>
      usedOf(view?.user.devices?.used ?? {}, name),
    ),
    devices: (view?.user.devices?.kept ?? [])
      .map(({ used }) => modelFactors.map((name) => usedOf(used, name)))
      .map((used) => JSON.stringify(used))
      .sort(),
    factorLocks: modelFactors.map((name) =>
      show(view?.user.factorLocks?.[name]),
    ),
    factors: modelFactors.map((name) => {
      const counter = view?.counters[name];
      return view === undefined || counter === undefined
        ? undefined
        : {
            failed: failedAt(counter, view.rules, view.now),
            ...{ open: counter.open, inRow: counter.failedInRow },
            locksInRow: counter.locksInRow,
            next: decisionOf(view, name),
          };
    }),
  }).toEqual({
    lock: model.lock,
    onDevices: modelFactors.map((name) => ({
      ...{ failed: model.onDevices[name], open: model.openOnDevices(name) },
    })),
    devices: model.devices
      .filter(({ isKept }) => isKept)
      .map((device) =>
        modelFactors.map((name) => ({
          ...{ failed: device.failed[name], open: model.openOn(device, name) },
        })),
      )
      .map((used) => JSON.stringify(used))
      .sort(),
    factorLocks: modelFactors.map((name) => model.factorLocks.get(name)),
    factors: modelFactors.map((name) => ({
      ...{ failed: model.failed(name), open: model.open(name) },
      ...{ inRow: model.inRow(name), locksInRow: model.locksInRow(name) },
      next: model.next(name),
    })),
  });
}

async function succeeds(run: () => Awaitable<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (error instanceof LockoutError) {
      return false;
    }
    throw error;
  }
}
