import type {
  EventPayload,
  EventType,
} from "../../../src/lockout/events/event.ts";
import { createDefaultPolicy } from "../../../src/lockout/policy/policy.ts";
import type { Limits } from "../../../src/lockout/policy/limits.ts";
import type {
  DecidePolicy,
  PolicyView,
} from "../../../src/lockout/policy/policy.ts";
import type { EventFilter } from "../../../src/store/events.ts";
import type { InstanceInit } from "../../../src/store/store.ts";
import type { NewToken } from "../../../src/store/access.ts";
import type { PolicyOwner } from "../../../src/store/policies.ts";

export const start = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
/** How many login names that lead to nobody the store keeps in these tests. */
export const maxNames = 20;

/** How many users an organisation may have. */
export const maxUsersPerOrg = 300;
export const instanceOwner: PolicyOwner = { kind: "instance" };
export const orgA = {
  kind: "org",
  orgId: "300000000000000001",
} as const satisfies PolicyOwner;
export const orgB = {
  kind: "org",
  orgId: "300000000000000002",
} as const satisfies PolicyOwner;
export const allEvents: EventFilter = { ascending: true, limit: 1_000_000 };

export const init: InstanceInit = {
  orgName: "first",
  policy: createDefaultPolicy(limits(3, 0)),
  token: {
    hash: hashOf(1),
    name: "admin",
    roles: ["IAM_OWNER"],
    expirationDate: undefined,
  },
};

export function limits(
  maxPasswordAttempts: number,
  maxOtpAttempts: number,
): Limits {
  return { maxPasswordAttempts, maxOtpAttempts };
}

export function hashOf(seed: number): Uint8Array {
  return new Uint8Array(32).fill(seed);
}

export function newToken(seed: number, orgId: string): NewToken {
  return {
    hash: hashOf(seed),
    name: `token ${seed}`,
    orgId,
    roles: ["ORG_OWNER", "IAM_LOGIN_CLIENT"],
    expirationDate: undefined,
  };
}

/** A decision that writes this event whatever there is. */
export function write(
  type: EventType,
  payload?: EventPayload,
  after: Limits | undefined = limits(1, 1),
): DecidePolicy {
  return () => ({
    numbers: {
      event: payload === undefined ? { type } : { type, payload },
      limits: after,
    },
  });
}

/** Counts up by one per command, and keeps what it saw. */
export function countUp(seen: number[]): DecidePolicy {
  return ({ own }) => {
    const before = own.numbers?.maxPasswordAttempts ?? 0;
    seen.push(before);
    return {
      numbers: {
        event: {
          type: "org.policy.lockout.changed",
          payload: { maxPasswordAttempts: before + 1 },
        },
        limits: limits(before + 1, 0),
      },
    };
  };
}

/** An organisation with these numbers of its own, as a command sees it. */
export function orgWith(numbers: Limits | undefined): PolicyView {
  return {
    owner: "org",
    own: { numbers: numbers && { ...numbers, sequence: 1 }, rules: undefined },
    inherited: { numbers: undefined, rules: undefined },
  };
}
