import { Factor } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { equals } from "@bufbuild/protobuf";
import { GuessBudgetSchema } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { GuessBudget } from "../../../gen/lockout/v1/policy_service_pb.js";
import { toTable } from "../terminal/output.ts";

/** Reports fit a terminal of so many characters, and a mail: they are no wider in a file either. */
export const reportWidth = 80;

/** How many guesses a policy leaves a stranger, for people. */
export function budgetTable(budgets: readonly GuessBudget[]): string {
  return toTable(
    ["GUESSES AT", "A DAY", "A YEAR", "A 6-DIGIT CODE IS GUESSED IN A YEAR"],
    budgets.map((budget) => {
      const { factor, perDay, perYear, sixDigitOdds, unlimited } = budget;
      return [
        Factor[factor].toLowerCase(),
        unlimited ? "unlimited" : String(perDay),
        unlimited ? "unlimited" : String(perYear),
        percentText(sixDigitOdds),
      ];
    }),
    reportWidth,
  );
}

/** How many guesses a policy left before a change and leaves after it, of the factors whose guesses differ; empty where none do. */
export function budgetChanges(
  before: readonly GuessBudget[],
  after: readonly GuessBudget[],
): string {
  const [were, are] = [before, after].map(
    (budgets) => new Map(budgets.map((budget) => [budget.factor, budget])),
  );
  const differing = (budgets: readonly GuessBudget[]) =>
    budgets.filter(({ factor }) => {
      const [was, is] = [were?.get(factor), are?.get(factor)];
      return (
        was === undefined ||
        is === undefined ||
        !equals(GuessBudgetSchema, was, is)
      );
    });
  const [was, is] = [differing(before), differing(after)];
  return was.length + is.length === 0
    ? ""
    : `\nBefore:\n${budgetTable(was)}\nAfter:\n${budgetTable(is)}`;
}

/** With as many digits as say something: `41 %`, `0.03 %`, `100 %` only where it is certain. */
function percentText(odds: number): string {
  const percent = odds * 100;
  if (odds < 1 && percent >= 99.5) {
    return "> 99 %";
  }
  return `${percent < 1 ? Number(percent.toPrecision(1)) : Math.round(percent)} %`;
}
