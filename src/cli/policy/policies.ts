import { toJson } from "@bufbuild/protobuf";
import {
  PolicySchema,
  PolicySource,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Clients } from "../transport/clients.ts";
import { incompleteResponse } from "../terminal/failure.ts";
import { requiredDate } from "../terminal/times.ts";

/** A policy as it holds for an organisation or the instance. */
export interface PolicyView {
  /** Undefined for the default policy. */
  readonly orgId: string | undefined;
  /** All of it. */
  readonly policy: Policy;
  readonly maxPasswordAttempts: number;
  readonly maxOtpAttempts: number;
  /** Whether the numbers are the instance's. */
  readonly isDefault: boolean;
  /** Whose the numbers are: the instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** Of the event that set the numbers. */
  readonly sequence: number;
  /** Of the numbers: RFC 3339, in UTC. */
  readonly changeDate: string;
}

/** The policy that holds for the organisation; without one, the default policy. @throws OperationError where the response lacks it */
export async function getPolicy(
  { admin, management, policies, on }: Clients,
  orgId: string | undefined,
): Promise<PolicyView> {
  const [whole, { policy: numbers }] = await Promise.all(
    orgId === undefined
      ? [policies.getInstancePolicy({}), admin.getLockoutPolicy({})]
      : [
          policies.getPolicy({}, on(orgId)),
          management.getLockoutPolicy({}, on(orgId)),
        ],
  );
  if (numbers?.details === undefined) {
    throw incompleteResponse();
  }
  return {
    orgId,
    policy: whole,
    maxPasswordAttempts: Number(whole.maxPasswordAttempts),
    maxOtpAttempts: Number(whole.maxOtpAttempts),
    isDefault: numbers.isDefault,
    resourceOwner: numbers.details.resourceOwner,
    sequence: Number(numbers.details.sequence),
    changeDate: requiredDate(numbers.details.changeDate),
  };
}

/** Whether an organisation has numbers or rules of its own; the default policy has both. */
export function isOwn(
  { orgId, policy }: PolicyView,
  part: "numbers" | "rules",
): boolean {
  const source = part === "numbers" ? policy.numbersFrom : policy.rulesFrom;
  return orgId === undefined || source === PolicySource.ORGANIZATION;
}

/** Removes an organisation's numbers and rules. @returns the policy that holds instead */
export async function resetPolicy(
  clients: Clients,
  orgId: string,
): Promise<PolicyView> {
  const { management, on } = clients;
  await management.resetLockoutPolicyToDefault({}, on(orgId));
  return getPolicy(clients, orgId);
}

/** What scripts are shown. */
export function policyJson(view: PolicyView) {
  const { policy, maxPasswordAttempts, maxOtpAttempts } = view;
  const { isDefault, resourceOwner, sequence, changeDate } = view;
  return {
    ...(toJson(PolicySchema, policy) as object),
    ...{ maxPasswordAttempts, maxOtpAttempts },
    ...{ isDefault, resourceOwner, sequence, changeDate },
  };
}
