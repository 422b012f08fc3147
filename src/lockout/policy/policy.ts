import { LockoutError } from "../errors/errors.ts";
import type { EventPayload, NewEvent } from "../events/event.ts";
import type { Limits } from "./limits.ts";
import type { Rules } from "./rules.ts";

/** The parts of a policy that somebody has of its own. Numbers and rules are inherited each as a whole. */
export interface PolicyParts {
  /** With the sequence of the event that they are of. */
  readonly numbers: (Limits & { readonly sequence: number }) | undefined;
  readonly rules: StoredRules | undefined;
}

/** Rules, with the sequence of the event that they are of. */
export interface StoredRules {
  readonly rules: Rules;
  readonly sequence: number;
}

/** What a policy command is decided from. */
export interface PolicyView {
  readonly owner: "instance" | "org";
  /** What the owner has of its own. */
  readonly own: PolicyParts;
  /** What the instance has, which holds where an organisation has nothing of its own. Nothing for the instance itself. */
  readonly inherited: PolicyParts;
}

/** What a policy command leads to: for each part that changes, the event to write, and what the owner then has of its own. */
export interface PolicyDecision {
  /** Undefined in the `limits`: the owner has none of its own any more. */
  readonly numbers?: {
    readonly event: NewEvent;
    readonly limits: Limits | undefined;
  };
  readonly rules?: {
    readonly event: NewEvent;
    readonly rules: Rules | undefined;
  };
}

/** A policy command: from the policy that is there to what it leads to. @throws LockoutError */
export type DecidePolicy = (current: PolicyView) => PolicyDecision;

/** The numbers that hold; both 0 where nobody has any. */
export function limitsOf({ own, inherited }: PolicyView): Limits {
  const { maxPasswordAttempts = 0, maxOtpAttempts = 0 } =
    own.numbers ?? inherited.numbers ?? {};
  return { maxPasswordAttempts, maxOtpAttempts };
}

/** Creates the default policy when the instance is created. */
export function createDefaultPolicy(limits: Limits): PolicyDecision {
  return {
    numbers: {
      event: {
        type: "instance.policy.lockout.added",
        payload: addedPayload(limits),
      },
      limits,
    },
  };
}

/** Replaces both numbers of the default policy. */
export function updateDefaultPolicy(limits: Limits): DecidePolicy {
  return ({ own: { numbers: current } }) => {
    if (current === undefined) {
      throw new LockoutError("defaultPolicyNotFound");
    }
    const payload = changedPayload(current, limits);
    if (payload === undefined) {
      throw new LockoutError("defaultPolicyNotChanged");
    }
    return {
      numbers: {
        event: { type: "instance.policy.lockout.changed", payload },
        limits,
      },
    };
  };
}

/** Gives an organisation a policy of its own. */
export function addOrgPolicy(orgId: string, limits: Limits): DecidePolicy {
  return ({ own: { numbers: current } }) => {
    if (orgId === "") {
      throw new LockoutError("orgMissingOnAdd");
    }
    if (current !== undefined) {
      throw new LockoutError("orgPolicyExists");
    }
    return {
      numbers: {
        event: {
          type: "org.policy.lockout.added",
          payload: addedPayload(limits),
        },
        limits,
      },
    };
  };
}

/** Replaces both numbers of an organisation's policy. */
export function updateOrgPolicy(orgId: string, limits: Limits): DecidePolicy {
  return ({ own: { numbers: current } }) => {
    if (orgId === "") {
      throw new LockoutError("orgMissingOnUpdate");
    }
    if (current === undefined) {
      throw new LockoutError("orgPolicyNotFoundOnUpdate");
    }
    const payload = changedPayload(current, limits);
    if (payload === undefined) {
      throw new LockoutError("orgPolicyNotChanged");
    }
    return {
      numbers: {
        event: { type: "org.policy.lockout.changed", payload },
        limits,
      },
    };
  };
}

/** Removes an organisation's policy, numbers and rules, so that the default holds again. */
export function resetOrgPolicy(orgId: string): DecidePolicy {
  return ({ own }) => {
    if (orgId === "") {
      throw new LockoutError("orgMissingOnReset");
    }
    if (own.numbers === undefined && own.rules === undefined) {
      throw new LockoutError("orgPolicyNotFoundOnReset");
    }
    return {
      ...(own.numbers !== undefined && { numbers: removedNumbers }),
      ...(own.rules !== undefined && { rules: removedRules }),
    };
  };
}

/** An organisation has no numbers of its own any more. */
export const removedNumbers: NonNullable<PolicyDecision["numbers"]> = {
  event: { type: "org.policy.lockout.removed" },
  limits: undefined,
};

/** An organisation has no rules of its own any more. */
export const removedRules: NonNullable<PolicyDecision["rules"]> = {
  event: { type: "org.policy.lockout.rules.removed" },
  rules: undefined,
};

// ZITADEL leaves zeros out of the payload of "added"; in "changed" a change to 0 is said.

/** The payload of the event that adds numbers. */
export function addedPayload(limits: Limits): EventPayload {
  return {
    ...(limits.maxPasswordAttempts !== 0 && {
      maxPasswordAttempts: limits.maxPasswordAttempts,
    }),
    ...(limits.maxOtpAttempts !== 0 && {
      maxOTPAttempts: limits.maxOtpAttempts,
    }),
  };
}

/** The payload of the event that changes numbers; undefined where they are the same. */
export function changedPayload(
  from: Limits,
  to: Limits,
): EventPayload | undefined {
  const payload: EventPayload = {
    ...(from.maxPasswordAttempts !== to.maxPasswordAttempts && {
      maxPasswordAttempts: to.maxPasswordAttempts,
    }),
    ...(from.maxOtpAttempts !== to.maxOtpAttempts && {
      maxOTPAttempts: to.maxOtpAttempts,
    }),
  };
  return Object.keys(payload).length === 0 ? undefined : payload;
}
