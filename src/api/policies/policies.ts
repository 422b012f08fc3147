import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LockoutPolicySchema } from "../../../gen/zitadel/policy_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { andThen } from "../../store/awaitable.ts";
import type { Awaitable } from "../../store/awaitable.ts";
import type { PolicyStore, StoredPolicy } from "../../store/policies.ts";
import { readDetails } from "../messages/details.ts";

/** The policy that holds somewhere. */
export interface EffectivePolicy {
  readonly policy: StoredPolicy;
  /** Whether it is the instance's. */
  readonly isDefault: boolean;
}

/** The default policy. @throws LockoutError where the instance has none */
export function requireDefaultPolicy(
  store: PolicyStore,
): Awaitable<StoredPolicy> {
  return andThen(store.findPolicy({ kind: "instance" }), (policy) => {
    if (policy === undefined) {
      throw new LockoutError("defaultPolicyNotFound");
    }
    return policy;
  });
}

/** The organisation's policy, or the default where it has none. */
export function findEffectivePolicy(
  store: PolicyStore,
  orgId: string,
): Awaitable<EffectivePolicy> {
  return andThen(store.findPolicy({ kind: "org", orgId }), (own) =>
    own !== undefined
      ? { policy: own, isDefault: false }
      : andThen(requireDefaultPolicy(store), (policy) => ({
          policy,
          isDefault: true,
        })),
  );
}

/** A policy as ZITADEL's v1 message shows it. */
export function policyMessage(
  policy: StoredPolicy,
  isDefault: boolean,
): MessageInitShape<typeof LockoutPolicySchema> {
  return {
    details: readDetails(policy),
    maxPasswordAttempts: BigInt(policy.maxPasswordAttempts),
    maxOtpAttempts: BigInt(policy.maxOtpAttempts),
    isDefault,
  };
}
