import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LockoutPolicySchema } from "../../gen/zitadel/policy_pb.js";
import { LockoutError } from "../lockout/errors.ts";
import type { PolicyStore, StoredPolicy } from "../store/store.ts";
import { readDetails } from "./details.ts";

/** The policy that holds somewhere. */
export interface EffectivePolicy {
  readonly policy: StoredPolicy;
  /** Whether it is the instance's. */
  readonly isDefault: boolean;
}

/** The default policy. Throws LockoutError where the instance has none. */
export async function requireDefaultPolicy(
  store: PolicyStore,
): Promise<StoredPolicy> {
  const policy = await store.findPolicy({ kind: "instance" });
  if (policy === undefined) throw new LockoutError("defaultPolicyNotFound");
  return policy;
}

/** The organisation's policy, or the default where it has none. */
export async function findEffectivePolicy(
  store: PolicyStore,
  orgId: string,
): Promise<EffectivePolicy> {
  const own = await store.findPolicy({ kind: "org", orgId });
  if (own !== undefined) return { policy: own, isDefault: false };
  return { policy: await requireDefaultPolicy(store), isDefault: true };
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
