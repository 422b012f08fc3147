/** What a comparison comes to, whether it was begun before, has expired, or is reported after the fact. */
import { failedAt, isOutsideWindow } from "../user/counter.ts";
import type { CounterStep } from "../user/counter.ts";
import type {
  CompleteResult,
  Comparison,
  Outcome,
} from "../user/comparison.ts";
import { countOnDevice, deviceOf, withReleased } from "./device-attempts.ts";
import { withoutFailures, usedOf } from "../user/devices.ts";
import { checkEvents, limitOf } from "../user/factor.ts";
import type { Factor } from "../user/factor.ts";
import { closingLock, endOfLock, withLock } from "../user/lock.ts";
import type { Lock } from "../user/lock.ts";
import { forgetSecrets, remember } from "../user/remembered-secrets.ts";
import { failedFrom, limitedNetwork } from "../user/source.ts";
import { looksForStorms } from "./storm.ts";
import {
  atPayload,
  ceilingNear,
  checked,
  lockedByFailure,
  reasonOf,
} from "../user/user-events.ts";
import { newUser } from "../user/user.ts";
import type {
  CommandView,
  UserChange,
  UserState,
  UserView,
} from "../user/user.ts";

/** Why a secret of a user is not compared; undefined where it is. A lock comes before a deactivation. */
export function refusalOf(
  user: UserState,
  factor: Factor,
): "locked" | "inactive" | undefined {
  if (closingLock(user, factor) !== undefined) {
    return "locked";
  }
  const { account } = user;
  return account === "inactive" ? "inactive" : undefined;
}

/** What is said of a lock that ends by itself. */
export function lockEndOf(
  lock: Lock | undefined,
): Pick<CompleteResult, "lockEndTime"> {
  return lock?.endTime === undefined ? {} : { lockEndTime: lock.endTime };
}

/** The counting that completing, expiring and reporting share: on a known device, or for the user. */
export function count(
  view: CommandView,
  compared: Comparison,
  outcome: Outcome,
): UserChange<CompleteResult> {
  const deviceId = deviceOf(view, compared);
  if (deviceId === undefined) {
    return countForUser(view, compared, outcome);
  }
  const onDevice = { ...compared, deviceId };
  const change = countOnDevice(view, onDevice, outcome);
  if (change !== undefined) {
    return change;
  }
  const user = withReleased(view.user ?? newUser, onDevice);
  const counted = countForUser({ ...view, user }, onDevice, outcome);
  return { ...counted, user: counted.user ?? user };
}

function countForUser(
  view: CommandView,
  compared: Comparison,
  outcome: Outcome,
): UserChange<CompleteResult> {
  const { factor, client } = compared;
  const user = view.user ?? newUser;
  const failed = failedAt(view.counters[factor], view.rules, view.now);
  const limit = limitOf(factor, view.limits);
  const release = released(compared);

  const closed = refusalOf(user, factor);
  if (closed !== undefined) {
    if (outcome === "failed" && countsWhileLocked(user, factor)) {
      return fail(view, user, compared);
    }
    // Attempts of users who may not log in do not count: the attempt only ends.
    return {
      result: {
        ...{ accepted: false, locked: closed === "locked", failed, limit },
        ...lockEndOf(closingLock(user, factor)),
      },
      steps: release,
      events: [],
    };
  }
  switch (outcome) {
    case "not_a_guess":
      return {
        result: { accepted: false, locked: false, failed, limit },
        ...registered(view),
        steps: release,
        events: [],
        compared: { factor, outcome },
      };
    case "succeeded":
      return {
        result: { accepted: true, locked: false, failed: 0, limit },
        ...succeeded(view, factor),
        steps: [{ factor, failed: "clear", open: -heldBy(compared) }],
        events: [checked(checkEvents[factor].succeeded, client)],
        compared: { factor, outcome },
      };
    case "failed":
      return fail(view, user, compared);
  }
}

/** A user after a success, where it changes more than the counter. */
function succeeded(
  view: CommandView,
  factor: Factor,
): { readonly user?: UserState } {
  const forgotten =
    factor === "password" ? forgetSecrets(view.user).user : undefined;
  const user = forgotten ?? view.user ?? newUser;
  const { devices } = user;
  if (devices !== undefined && usedOf(devices.used, factor).failed > 0) {
    return { user: { ...user, devices: withoutFailures(devices, factor) } };
  }
  return forgotten === undefined ? registered(view) : { user };
}

/**
 * Whether failures count though the user is locked: those of attempts that were begun before a lock that ends by itself. Else as many codes
 * could be tried under each lock as there are chances.
 */
function countsWhileLocked(user: UserState, factor: Factor): boolean {
  const lock = closingLock(user, factor);
  return lock?.endTime !== undefined && user.account !== "inactive";
}

/** A failure counts, and may lock, unless the secret is one that was tried before. */
function fail(
  view: CommandView,
  user: UserState,
  compared: Comparison,
): UserChange<CompleteResult> {
  const { factor, secretDigest } = compared;
  const memory = remember(view, factor, secretDigest);
  if (memory === undefined) {
    return failAnew(view, user, compared);
  }
  const { isRepeated, rememberedSecrets } = memory;
  const change = isRepeated
    ? repeat(view, user, compared)
    : failAnew(view, user, compared);
  return {
    ...change,
    user: { ...(change.user ?? user), rememberedSecrets },
  };
}

/** A secret is wrong that was wrong before: nothing counts. */
function repeat(
  view: CommandView,
  user: UserState,
  compared: Comparison,
): UserChange<CompleteResult> {
  const { factor, client } = compared;
  const lock = closingLock(user, factor);
  return {
    result: {
      ...{ accepted: false, locked: lock !== undefined },
      failed: failedAt(view.counters[factor], view.rules, view.now),
      limit: limitOf(factor, view.limits),
      ...lockEndOf(lock),
    },
    steps: released(compared),
    compared: { factor, outcome: "failed" },
    events: [checked(checkEvents[factor].failed, client, { repeated: true })],
  };
}

function failAnew(
  view: CommandView,
  user: UserState,
  compared: Comparison,
): UserChange<CompleteResult> {
  const { id, factor, client, hasExpired } = compared;
  const { rules, now } = view;
  const counter = view.counters[factor];
  const startsOver = isOutsideWindow(counter, rules, now);
  const failed = failedAt(counter, rules, now) + 1;
  const failedInRow = counter.failedInRow + 1;
  const limit = limitOf(factor, view.limits);
  const before = closingLock(user, factor);
  const caused = lockBy(view, before, { factor, failed, failedInRow });
  const closes = rules.lockScope === "factor" ? factor : "user";
  const after =
    caused === undefined ? user : withLock(user, { closes, lock: caused });
  const lock = closingLock(after, factor);
  const network = limitedNetwork(rules, client);
  const at = hasExpired === true ? now : undefined;
  // What becomes one that stays is no further lock.
  const isNewLock = caused !== undefined && before === undefined;
  const step: CounterStep = {
    ...{ factor, failed: 1, open: -heldBy(compared) },
    ...(startsOver && { startsOver }),
    ...(isNewLock && { locks: 1 }),
  };
  return {
    result: {
      ...{ accepted: false, locked: lock !== undefined, failed, limit },
      ...lockEndOf(lock),
    },
    ...(caused === undefined ? registered(view) : { user: after }),
    ...(isNewLock && looksForStorms(rules) && { lockTime: now }),
    steps: [step],
    compared: { factor, outcome: hasExpired === true ? "expired" : "failed" },
    ...(network !== undefined && {
      source: {
        network,
        source: failedFrom(view.findSource(network), rules, now),
      },
    }),
    events: [
      checked(checkEvents[factor].failed, client, {
        ...(hasExpired === true && { expired: true, ...atPayload(at) }),
      }),
      ...(failedInRow === rules.ceiling - 1
        ? [ceilingNear(factor, failedInRow, at)]
        : []),
      ...(caused === undefined
        ? []
        : [
            lockedByFailure({
              ...{ factor, failed, attemptId: id, lock: caused, closes, at },
              address: client.address,
            }),
          ]),
    ],
  };
}

/**
 * The lock that a failure causes, if it does: at the ceiling one that stays until somebody unlocks, at the limit one that ends as the rules
 * say. Who is locked already gets no other lock but that of the ceiling.
 *
 * @param before what closes the factor already
 */
function lockBy(
  view: UserView,
  before: Lock | undefined,
  counted: {
    readonly factor: Factor;
    readonly failed: number;
    readonly failedInRow: number;
  },
): Lock | undefined {
  const { rules, now, editor: by } = view;
  const { factor, failed, failedInRow } = counted;
  if (rules.ceiling > 0 && failedInRow >= rules.ceiling) {
    return { reason: "ceiling", time: now, by, factor };
  }
  const limit = limitOf(factor, view.limits);
  if (before !== undefined || limit === 0 || failed < limit) {
    return undefined;
  }
  const inRow = view.counters[factor].locksInRow + 1;
  const endTime = endOfLock(rules, inRow, now);
  return { reason: reasonOf(factor), time: now, by, factor, endTime };
}

/** How many chances of the user a comparison holds. */
function heldBy({ id, deviceId }: Comparison): 0 | 1 {
  return id === undefined || deviceId !== undefined ? 0 : 1;
}

/** Gives back the chance that a comparison holds. */
function released(compared: Comparison): readonly CounterStep[] {
  const { factor } = compared;
  const held = heldBy(compared);
  return held === 0 ? [] : [{ factor, failed: 0, open: -held }];
}

/** The state of a user who was never seen, to be registered with. */
export function registered(view: UserView): { readonly user?: UserState } {
  return view.user === undefined ? { user: newUser } : {};
}
