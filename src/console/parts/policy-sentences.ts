import { durationMs } from "@bufbuild/protobuf/wkt";
import { Factor } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  GuessBudget,
  Policy,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { policyTexts } from "../texts/policy-sentences.ts";

const units = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
] as const;

/** A span of time in the largest unit that it has whole numbers of. */
export function spanText(ms: number): string {
  const [length, unit] =
    units.find(([each]) => ms % each === 0) ?? ([1000, "second"] as const);
  return new Intl.NumberFormat(undefined, {
    ...{ style: "unit", unit, unitDisplay: "long" },
  }).format(ms / length);
}

/** What the policy does, in a sentence: "5 wrong passwords lock until somebody unlocks." */
export function policySentence({ maxPasswordAttempts, rules }: Policy): string {
  if (maxPasswordAttempts === 0n) {
    return policyTexts.neverLocks;
  }
  const { lockDuration, lockGrowth = 1 } = rules ?? {};
  const lockMs = lockDuration === undefined ? 0 : durationMs(lockDuration);
  const count = maxPasswordAttempts.toLocaleString();
  const what =
    maxPasswordAttempts === 1n
      ? policyTexts.wrongPassword
      : policyTexts.wrongPasswords(count);
  return lockMs === 0
    ? policyTexts.untilUnlocked(what)
    : policyTexts.forSpan(what, spanText(lockMs), lockGrowth > 1);
}

/** How many passwords a stranger can guess, in a sentence; empty where it is not known. */
export function guessSentence({ budgets }: Policy): string {
  const budget = budgets.find(({ factor }) => factor === Factor.PASSWORD);
  return budget === undefined ? "" : sentenceOf(budget);
}

function sentenceOf({ unlimited, perDay, perYear }: GuessBudget): string {
  return unlimited
    ? policyTexts.unlimited
    : policyTexts.guesses(perDay.toLocaleString(), perYear.toLocaleString());
}
