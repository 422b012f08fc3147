/** What the events come to: the present state must be the same. */
import { checkEvents, factors } from "./user/factor.ts";
import type { Factor } from "./user/factor.ts";
import type { EventPayload } from "./events/event.ts";
import type { Limits } from "./policy/limits.ts";
import { rulesOf } from "./policy/rules-payload.ts";
import type { Rules } from "./policy/rules.ts";
import {
  addedFailures,
  deviceIn,
  isEndOfLock,
  isRepeated,
  lockFactorOf,
  stateOf,
} from "./user/user-events.ts";
import type { AccountState } from "./user/user-events.ts";

/** The state of a user that results from events. */
export interface ReplayedUser {
  /** Whether the registration was an event. Of who was there before, only what changed since is known. */
  readonly isRecorded: boolean;
  /** Undefined where it is not known. */
  readonly account: AccountState | undefined;
  readonly isLocked: boolean;
  /** Whose count starts over when the lock ends by itself. */
  readonly lockFactor: Factor | undefined;
  /** Which are locked by themselves. */
  readonly lockedFactors: ReadonlySet<Factor>;
  /** Which devices are known; undefined where it is not known, since events of attempts were removed. */
  readonly devices: ReadonlySet<string> | undefined;
  /** Fewer count where a window of observation began anew, of which events say nothing. */
  readonly failed: Readonly<Record<Factor, number>>;
  readonly failedInRow: Readonly<Record<Factor, number>>;
  /** The factors of which there may be more failures: events of attempts were removed since their counters began. */
  readonly atLeast: ReadonlySet<Factor>;
  /** The names of which it is known whether the user has them. Where the registration was an event, the user has no others. */
  readonly aliases: ReadonlyMap<string, boolean>;
}

const noFailures: ReplayedUser["failed"] = {
  password: 0,
  totp: 0,
  otp_sms: 0,
  otp_email: 0,
  recovery_code: 0,
};

/** A user before the first event. */
export const unseenUser: ReplayedUser = {
  isRecorded: false,
  account: undefined,
  isLocked: false,
  lockFactor: undefined,
  lockedFactors: new Set(),
  devices: new Set(),
  failed: noFailures,
  failedInRow: noFailures,
  atLeast: new Set(),
  aliases: new Map(),
};

/**
 * What is known of a user of whom events of attempts were removed, behind the last event. What counted before may have been cleared by one
 * of them.
 */
export function withPrunedEvents(user: ReplayedUser): ReplayedUser {
  return {
    ...user,
    ...{ failed: noFailures, failedInRow: noFailures },
    atLeast: new Set(factors),
    devices: undefined,
  };
}

/** What holds after one more event of a user; undefined where nothing of the user is left. */
export function replayUserEvent(
  user: ReplayedUser,
  type: string,
  payload: EventPayload = {},
): ReplayedUser | undefined {
  switch (type) {
    case "user.human.added":
      return { ...unseenUser, isRecorded: true, account: stateOf(payload) };
    case "user.removed":
      return undefined;
    case "user.deactivated":
      return { ...user, account: "inactive" };
    case "user.reactivated":
    case "user.lockout.state.changed":
      return { ...user, account: stateOf(payload) };
    case "user.lockout.aliases.changed":
      return { ...user, aliases: changedAliases(user, payload) };
    case "user.locked":
      return { ...user, isLocked: true, lockFactor: lockFactorOf(payload) };
    case "user.unlocked":
      return isEndOfLock(payload)
        ? startedOver({ ...user, isLocked: false }, user.lockFactor)
        : unlocked(user);
    case "user.factor.locked":
    case "user.factor.unlocked":
      return withFactorLock(user, type, payload);
    case "user.lockout.failures.added":
      return factors.reduce((sum, factor) => {
        const { failed, failedInRow } = addedFailures(payload, factor);
        return withMore(sum, factor, failed, failedInRow);
      }, user);
    case "user.human.password.changed":
      return { ...cleared(user, "password"), devices: new Set() };
    case "user.devices.forgotten":
      return { ...user, devices: new Set() };
    case "user.device.forgotten":
      return withoutKnown(user, payload);
  }
  for (const factor of factors) {
    const { failed, succeeded } = checkEvents[factor];
    if (type === failed) {
      return isRepeated(payload) || isOnDevice(payload)
        ? user
        : withMore(user, factor, 1, 1);
    }
    if (type === succeeded) {
      const known = withKnown(user, payload);
      return isOnDevice(payload) ? known : cleared(known, factor);
    }
  }
  return user;
}

/** The policy that holds after one more event of its owner; undefined where there is none. */
export function replayPolicyEvent(
  limits: Limits | undefined,
  type: string,
  payload: EventPayload = {},
): Limits | undefined {
  const number = (name: string, otherwise: number) => {
    const value = payload[name];
    return typeof value === "number" ? value : otherwise;
  };
  if (type.endsWith(".policy.lockout.removed")) {
    return undefined;
  }
  if (!/\.policy\.lockout\.(added|changed)$/.test(type)) {
    return limits;
  }
  return {
    maxPasswordAttempts: number(
      "maxPasswordAttempts",
      limits?.maxPasswordAttempts ?? 0,
    ),
    maxOtpAttempts: number("maxOTPAttempts", limits?.maxOtpAttempts ?? 0),
  };
}

function changedAliases(
  { aliases, isRecorded }: ReplayedUser,
  payload: EventPayload,
): ReplayedUser["aliases"] {
  const names = (field: string) => {
    const value = payload[field];
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  const changed = new Map(aliases);
  for (const name of names("removed")) {
    if (isRecorded) {
      changed.delete(name);
    } else {
      changed.set(name, false);
    }
  }
  for (const name of names("added")) {
    changed.set(name, true);
  }
  return changed;
}

function unlocked(user: ReplayedUser): ReplayedUser {
  return {
    ...allCleared(user),
    account: user.account === "initial" ? "active" : user.account,
    isLocked: false,
  };
}

function allCleared(user: ReplayedUser): ReplayedUser {
  return {
    ...user,
    ...{ failed: noFailures, failedInRow: noFailures },
    atLeast: new Set(),
  };
}

function withFactorLock(
  user: ReplayedUser,
  type: "user.factor.locked" | "user.factor.unlocked",
  payload: EventPayload,
): ReplayedUser {
  const factor = lockFactorOf(payload);
  const lockedFactors = new Set(user.lockedFactors);
  if (factor === undefined) {
    return user;
  }
  if (type === "user.factor.locked") {
    return { ...user, lockedFactors: lockedFactors.add(factor) };
  }
  lockedFactors.delete(factor);
  const opened = { ...user, lockedFactors };
  return isEndOfLock(payload)
    ? startedOver(opened, factor)
    : allCleared(opened);
}

/** The lock of a factor ended by itself: failures in a row go on. */
function startedOver(
  user: ReplayedUser,
  factor: Factor | undefined,
): ReplayedUser {
  return factor === undefined
    ? user
    : { ...user, failed: { ...user.failed, [factor]: 0 } };
}

function withMore(
  user: ReplayedUser,
  factor: Factor,
  failed: number,
  failedInRow: number,
): ReplayedUser {
  return {
    ...user,
    failed: { ...user.failed, [factor]: user.failed[factor] + failed },
    failedInRow: {
      ...user.failedInRow,
      [factor]: user.failedInRow[factor] + failedInRow,
    },
  };
}

function cleared(user: ReplayedUser, factor: Factor): ReplayedUser {
  const atLeast = new Set(user.atLeast);
  atLeast.delete(factor);
  return {
    ...user,
    failed: { ...user.failed, [factor]: 0 },
    failedInRow: { ...user.failedInRow, [factor]: 0 },
    atLeast,
  };
}

/** What was on a known device counts there. */
function isOnDevice(payload: EventPayload): boolean {
  return deviceIn(payload, "deviceId") !== undefined;
}

function withKnown(user: ReplayedUser, payload: EventPayload): ReplayedUser {
  const id = deviceIn(payload, "rememberedDevice");
  return id === undefined || user.devices === undefined
    ? user
    : { ...user, devices: new Set(user.devices).add(id) };
}

function withoutKnown(user: ReplayedUser, payload: EventPayload): ReplayedUser {
  const id = deviceIn(payload, "deviceId");
  const devices = user.devices && new Set(user.devices);
  if (id !== undefined) {
    devices?.delete(id);
  }
  return { ...user, devices };
}

/** The rules that an owner has of its own after one more event of it; undefined where there are none. */
export function replayRulesEvent(
  rules: Rules | undefined,
  type: string,
  payload: EventPayload = {},
): Rules | undefined {
  if (type.endsWith(".policy.lockout.rules.removed")) {
    return undefined;
  }
  return type.endsWith(".policy.lockout.rules.changed")
    ? rulesOf(payload)
    : rules;
}
