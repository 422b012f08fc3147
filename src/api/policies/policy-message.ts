import type { MessageInitShape } from "@bufbuild/protobuf";
import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { PolicySchema } from "../../../gen/lockout/v1/policy_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { etagOf } from "../../lockout/policy/policy-etag.ts";
import { limitsOf } from "../../lockout/policy/policy.ts";
import { noRules } from "../../lockout/policy/rules.ts";
import type { DatedPolicy } from "../../store/policies.ts";
import { budgetMessages } from "../messages/budget-messages.ts";
import type { NumbersAndRules } from "./check-policy.ts";
import { timestampFromMicros } from "../messages/moment.ts";
import { rulesMessage } from "../messages/rules-message.ts";

type PolicyMessage = MessageInitShape<typeof PolicySchema>;

/** A policy as a message. @throws LockoutError where there is none */
export function policyMessage(
  view: DatedPolicy,
): PolicyMessage & { readonly etag: string } {
  const { limits, rules } = heldBy(view);
  const { own, inherited } = view;
  const changes = [
    own.numbers ?? inherited.numbers,
    own.rules ?? inherited.rules,
  ].map((part) => part?.changeMicros ?? 0);
  return {
    maxPasswordAttempts: BigInt(limits.maxPasswordAttempts),
    maxOtpAttempts: BigInt(limits.maxOtpAttempts),
    rules: rulesMessage(rules),
    numbersFrom: sourceOf(view, "numbers"),
    rulesFrom: sourceOf(view, "rules"),
    etag: etagOf(view),
    updateTime: timestampFromMicros(Math.max(...changes)),
    budgets: budgetMessages(limits, rules),
  };
}

/** The policy that holds. @throws LockoutError where the instance has none */
export function heldBy(view: DatedPolicy): NumbersAndRules {
  if (!isPolicy(view)) {
    throw new LockoutError("defaultPolicyNotFound");
  }
  const { own, inherited } = view;
  const { rules = noRules } = own.rules ?? inherited.rules ?? {};
  return { limits: limitsOf(view), rules };
}

/** Whether there are numbers, which every policy has. */
export function isPolicy({ own, inherited }: DatedPolicy): boolean {
  return own.numbers !== undefined || inherited.numbers !== undefined;
}

function sourceOf(
  { owner, own }: DatedPolicy,
  part: "numbers" | "rules",
): PolicySource {
  return owner === "org" && own[part] !== undefined
    ? PolicySource.ORGANIZATION
    : PolicySource.DEFAULT;
}
