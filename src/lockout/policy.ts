import { LockoutError } from "./errors.ts";
import type { EventPayload, NewEvent } from "./event.ts";
import type { Limits } from "./limits.ts";

/** What a policy command leads to: the event to write, and the policy that then holds. */
export interface PolicyDecision {
  readonly event: NewEvent;
  /** Undefined where the policy is removed. */
  readonly limits: Limits | undefined;
}

/** A policy command: from the policy that is there, if one is, to what it leads to. @throws LockoutError */
export type DecidePolicy = (current: Limits | undefined) => PolicyDecision;

/** Creates the default policy when the instance is created. */
export function createDefaultPolicy(limits: Limits): PolicyDecision {
  return {
    event: {
      type: "instance.policy.lockout.added",
      payload: addedPayload(limits),
    },
    limits,
  };
}

/** Replaces both numbers of the default policy. */
export function updateDefaultPolicy(limits: Limits): DecidePolicy {
  return (current) => {
    if (current === undefined) {
      throw new LockoutError("defaultPolicyNotFound");
    }
    const payload = changedPayload(current, limits);
    if (payload === undefined) {
      throw new LockoutError("defaultPolicyNotChanged");
    }
    return {
      event: { type: "instance.policy.lockout.changed", payload },
      limits,
    };
  };
}

/** Gives an organisation a policy of its own. */
export function addOrgPolicy(orgId: string, limits: Limits): DecidePolicy {
  return (current) => {
    if (orgId === "") {
      throw new LockoutError("orgMissingOnAdd");
    }
    if (current !== undefined) {
      throw new LockoutError("orgPolicyExists");
    }
    return {
      event: {
        type: "org.policy.lockout.added",
        payload: addedPayload(limits),
      },
      limits,
    };
  };
}

/** Replaces both numbers of an organisation's policy. */
export function updateOrgPolicy(orgId: string, limits: Limits): DecidePolicy {
  return (current) => {
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
    return { event: { type: "org.policy.lockout.changed", payload }, limits };
  };
}

/** Removes an organisation's policy, so that the default holds again. */
export function resetOrgPolicy(orgId: string): DecidePolicy {
  return (current) => {
    if (orgId === "") {
      throw new LockoutError("orgMissingOnReset");
    }
    if (current === undefined) {
      throw new LockoutError("orgPolicyNotFoundOnReset");
    }
    return { event: { type: "org.policy.lockout.removed" }, limits: undefined };
  };
}

// ZITADEL leaves zeros out of the payload of "added"; in "changed" a change to 0 is said.

function addedPayload(limits: Limits): EventPayload {
  return {
    ...(limits.maxPasswordAttempts !== 0 && {
      maxPasswordAttempts: limits.maxPasswordAttempts,
    }),
    ...(limits.maxOtpAttempts !== 0 && {
      maxOTPAttempts: limits.maxOtpAttempts,
    }),
  };
}

function changedPayload(from: Limits, to: Limits): EventPayload | undefined {
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
