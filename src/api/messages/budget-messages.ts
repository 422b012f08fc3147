import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GuessBudgetSchema } from "../../../gen/lockout/v1/policy_service_pb.js";
import { guessBudgets } from "../../lockout/budget/guess-budget.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import { factorNumbers } from "./factor-numbers.ts";

/** The guess budgets of a policy as messages show them. */
export function budgetMessages(
  limits: Limits,
  rules: Rules,
): MessageInitShape<typeof GuessBudgetSchema>[] {
  return guessBudgets(limits, rules).map((budget) => ({
    factor: factorNumbers[budget.factor],
    perDay: budget.perDay,
    perYear: budget.perYear,
    sixDigitOdds: budget.sixDigitOdds,
    unlimited: budget.isUnlimited,
  }));
}
