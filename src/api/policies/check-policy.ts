import type { MessageInitShape } from "@bufbuild/protobuf";
import { Verdict as VerdictNumber } from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  Candidate,
  CheckPolicyRequest,
  CheckPolicyResponseSchema,
  PresetCheckSchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { FieldViolation } from "../../lockout/errors/errors.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import {
  isPresetName,
  presetNames,
} from "../../lockout/budget/preset-table.ts";
import type { PresetName } from "../../lockout/budget/preset-table.ts";
import { checkPreset } from "../../lockout/budget/presets.ts";
import type { PresetCheck, Verdict } from "../../lockout/budget/presets.ts";
import { validateRules } from "../../lockout/policy/rules.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import { budgetMessages } from "../messages/budget-messages.ts";
import { readRules } from "../messages/rules-message.ts";

/** The two parts of a policy. */
export interface NumbersAndRules {
  readonly limits: Limits;
  readonly rules: Rules;
}

/** The most that ZITADEL's calls can set a number to. */
const maxLimit = 2 ** 32 - 1;

const verdicts = {
  met: VerdictNumber.MET,
  missed: VerdictNumber.MISSED,
  not_decided: VerdictNumber.NOT_DECIDED,
} as const satisfies Record<Verdict, VerdictNumber>;

/**
 * Holds the candidate of a request against presets; without one, the policy that holds.
 *
 * @throws LockoutError `presetUnknown`, or `rulesInvalid` for a candidate that could not be set
 */
export async function checkPolicy(
  { presets, candidate }: CheckPolicyRequest,
  held: () => Promise<NumbersAndRules>,
): Promise<MessageInitShape<typeof CheckPolicyResponseSchema>> {
  const named = new Set(presets.map(requirePreset));
  const { limits, rules } =
    candidate === undefined ? await held() : readCandidate(candidate);
  return {
    presets: Array.from(named.size === 0 ? presetNames : named, (name) =>
      checkMessage(checkPreset(name, limits, rules)),
    ),
    budgets: budgetMessages(limits, rules),
  };
}

function checkMessage({
  verdict,
  requirements,
  ...preset
}: PresetCheck): MessageInitShape<typeof PresetCheckSchema> {
  return {
    ...preset,
    verdict: verdicts[verdict],
    requirements: requirements.map((requirement) => ({
      ...requirement,
      verdict: verdicts[requirement.verdict],
    })),
  };
}

function requirePreset(name: string): PresetName {
  if (!isPresetName(name)) {
    throw new LockoutError("presetUnknown", { about: presetNames.join(", ") });
  }
  return name;
}

function readCandidate(candidate: Candidate): NumbersAndRules {
  const numbers = [
    ["max_password_attempts", Number(candidate.maxPasswordAttempts)],
    ["max_otp_attempts", Number(candidate.maxOtpAttempts)],
  ] as const;
  const [[, maxPasswordAttempts], [, maxOtpAttempts]] = numbers;
  const limits = { maxPasswordAttempts, maxOtpAttempts };
  const { rules, violations } = readRules(candidate.rules);
  const found: readonly FieldViolation[] = [
    ...numbers
      .filter(([, value]) => value > maxLimit)
      .map(([field]) => ({ field, description: `must be 0 to ${maxLimit}` })),
    ...[...violations, ...validateRules(rules, limits)].map(
      ({ field, description }) => ({ field: `rules.${field}`, description }),
    ),
  ];
  if (found.length > 0) {
    throw new LockoutError("rulesInvalid", {
      violations: found.map(({ field, description }) => ({
        field: `candidate.${field}`,
        description,
      })),
    });
  }
  return { limits, rules };
}
