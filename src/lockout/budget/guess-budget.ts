import { factors, limitOf } from "../user/factor.ts";
import type { Factor } from "../user/factor.ts";
import { countGuesses } from "./guesses.ts";
import type { Limits } from "../policy/limits.ts";
import type { Rules } from "../policy/rules.ts";

/**
 * The most guesses at a factor that a stranger has, without a known device, who tries whenever the policy lets him while the owner stays
 * away: from counters at 0, in whole cycles, his best way. Rules of sources do not lower it, for he may have many.
 */
export interface GuessBudget {
  readonly factor: Factor;
  /** 0 where it is unlimited; 2^64 − 1 where it is more. */
  readonly perDay: bigint;
  /** In 365 days; as {@link perDay}. */
  readonly perYear: bigint;
  /** How likely he guesses a code of six digits within a year, where three are valid at a time: 0 to 1. */
  readonly sixDigitOdds: number;
  /** Whether nothing bounds his guesses. */
  readonly isUnlimited: boolean;
}

const dayMs = 24 * 60 * 60 * 1000;
const yearMs = 365 * dayMs;
const maxUint64 = 2n ** 64n - 1n;
const validCodes = 3 / 10 ** 6;

/** The guess budget of each factor. */
export function guessBudgets(
  limits: Limits,
  rules: Rules,
): readonly GuessBudget[] {
  const known = new Map<number, Budget>();
  return factors.map((factor) => {
    const limit = limitOf(factor, limits);
    const budget = known.get(limit) ?? budgetOf(limit, rules);
    known.set(limit, budget);
    return { factor, ...budget };
  });
}

type Budget = Omit<GuessBudget, "factor">;

function budgetOf(limit: number, rules: Rules): Budget {
  const day = countGuesses(limit, rules, dayMs);
  const year = countGuesses(limit, rules, yearMs);
  if (day === undefined || year === undefined) {
    return { perDay: 0n, perYear: 0n, sixDigitOdds: 1, isUnlimited: true };
  }
  return {
    perDay: atMostUint64(day.inCycles),
    perYear: atMostUint64(year.inCycles),
    sixDigitOdds: sixDigitOdds(Number(year.inCycles)),
    isUnlimited: false,
  };
}

/** `1 − (1 − 3/10⁶)^guesses`, without the loss of digits that this would have for few guesses. */
function sixDigitOdds(guesses: number): number {
  return -Math.expm1(guesses * Math.log1p(-validCodes));
}

function atMostUint64(value: bigint): bigint {
  return value > maxUint64 ? maxUint64 : value;
}
