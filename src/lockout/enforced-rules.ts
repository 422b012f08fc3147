/** Which rules this version enforces: never is a rule accepted and not enforced. */
import type { FieldViolation } from "./errors.ts";
import type { Rules } from "./rules.ts";

/** The rules that are not enforced yet, by the fields that switch them on. */
const missing: readonly (readonly [string, (rules: Rules) => boolean])[] = [
  ["storms.max_locks", ({ storms }) => storms.maxLocks !== 0],
];

/** A violation for each rule that is switched on and not enforced. Fields are named as by `validateRules`. */
export function notEnforced(rules: Rules): readonly FieldViolation[] {
  return missing
    .filter(([, isOn]) => isOn(rules))
    .map(([field]) => ({
      field,
      description: "is not enforced by this version yet",
    }));
}
