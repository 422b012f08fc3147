import type { LockoutPolicy } from "../../gen/zitadel/policy_pb.js";
import type { Clients } from "./clients.ts";
import { incompleteResponse } from "./failure.ts";
import { requiredDate } from "./times.ts";

/** A policy as it holds for an organisation or the instance. */
export interface PolicyView {
  readonly maxPasswordAttempts: number;
  readonly maxOtpAttempts: number;
  /** Whether it is the instance's. */
  readonly isDefault: boolean;
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  readonly sequence: number;
  /** RFC 3339, in UTC. */
  readonly changeDate: string;
}

/** The two numbers of a policy, as far as they shall change. */
export type PolicyChange = Partial<
  Pick<PolicyView, "maxPasswordAttempts" | "maxOtpAttempts">
>;

/** The policy that holds for the organisation; without one, the default policy. */
export async function getPolicy(
  { admin, management, on }: Clients,
  orgId: string | undefined,
): Promise<PolicyView> {
  const { policy } =
    orgId === undefined
      ? await admin.getLockoutPolicy({})
      : await management.getLockoutPolicy({}, on(orgId));
  return policyView(policy);
}

/**
 * Changes the numbers that are given, and keeps the others as they hold at present. An organisation without a policy of its own gets
 * one.
 */
export async function setPolicy(
  clients: Clients,
  orgId: string | undefined,
  change: PolicyChange,
): Promise<{ readonly policy: PolicyView; readonly isChanged: boolean }> {
  const { admin, management, on } = clients;
  const present = await getPolicy(clients, orgId);
  const limits = {
    maxPasswordAttempts: present.maxPasswordAttempts,
    maxOtpAttempts: present.maxOtpAttempts,
    ...change,
  };
  const isOwn = orgId === undefined || !present.isDefault;
  if (
    isOwn &&
    limits.maxPasswordAttempts === present.maxPasswordAttempts &&
    limits.maxOtpAttempts === present.maxOtpAttempts
  ) {
    return { policy: present, isChanged: false };
  }
  if (orgId === undefined) {
    await admin.updateLockoutPolicy(limits);
  } else if (present.isDefault) {
    await management.addCustomLockoutPolicy(limits, on(orgId));
  } else {
    await management.updateCustomLockoutPolicy(limits, on(orgId));
  }
  return { policy: await getPolicy(clients, orgId), isChanged: true };
}

/** Removes an organisation's policy. @returns the policy that holds instead */
export async function resetPolicy(
  clients: Clients,
  orgId: string,
): Promise<PolicyView> {
  const { management, on } = clients;
  await management.resetLockoutPolicyToDefault({}, on(orgId));
  return getPolicy(clients, orgId);
}

function policyView(message: LockoutPolicy | undefined): PolicyView {
  if (message?.details === undefined) {
    throw incompleteResponse();
  }
  return {
    maxPasswordAttempts: Number(message.maxPasswordAttempts),
    maxOtpAttempts: Number(message.maxOtpAttempts),
    isDefault: message.isDefault,
    resourceOwner: message.details.resourceOwner,
    sequence: Number(message.details.sequence),
    changeDate: requiredDate(message.details.changeDate),
  };
}
