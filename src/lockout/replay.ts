/** What the events come to: the present state must be the same. */
import { checkEvents, factors } from "./factor.ts";
import type { Factor } from "./factor.ts";
import type { EventPayload } from "./event.ts";
import type { Limits } from "./limits.ts";
import { rulesOf } from "./rules-payload.ts";
import type { Rules } from "./rules.ts";
import { addedFailures, stateOf } from "./user-events.ts";
import type { AccountState } from "./user-events.ts";

/** The state of a user that results from events. */
export interface ReplayedUser {
  /** Whether the registration was an event. Of who was there before, only what changed since is known. */
  readonly isRecorded: boolean;
  /** Undefined where it is not known. */
  readonly account: AccountState | undefined;
  readonly isLocked: boolean;
  readonly failed: Readonly<Record<Factor, number>>;
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
  failed: noFailures,
  atLeast: new Set(),
  aliases: new Map(),
};

/**
 * What is known of a user of whom events of attempts were removed, behind the last event. What counted before may have been cleared by one
 * of them.
 */
export function withPrunedEvents(user: ReplayedUser): ReplayedUser {
  return { ...user, failed: noFailures, atLeast: new Set(factors) };
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
      return { ...user, isLocked: true };
    case "user.unlocked":
      return {
        ...user,
        account: user.account === "initial" ? "active" : user.account,
        isLocked: false,
        failed: noFailures,
        atLeast: new Set(),
      };
    case "user.lockout.failures.added":
      return factors.reduce(
        (sum, factor) =>
          withFailed(
            sum,
            factor,
            sum.failed[factor] + addedFailures(payload, factor),
          ),
        user,
      );
    case "user.human.password.changed":
      return withFailed(user, "password", 0);
  }
  for (const factor of factors) {
    const { failed, succeeded } = checkEvents[factor];
    if (type === failed) {
      return withFailed(user, factor, user.failed[factor] + 1);
    }
    if (type === succeeded) {
      return withFailed(user, factor, 0);
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

function withFailed(
  user: ReplayedUser,
  factor: Factor,
  failed: number,
): ReplayedUser {
  const atLeast = new Set(user.atLeast);
  if (failed === 0) {
    atLeast.delete(factor);
  }
  return { ...user, failed: { ...user.failed, [factor]: failed }, atLeast };
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
