import { LockoutError } from "../errors/errors.ts";
import type { FieldViolation } from "../errors/errors.ts";
import { requireKnown } from "./policy-etag.ts";
import type { Precondition } from "./policy-etag.ts";
import { limitsOf, removedRules } from "./policy.ts";
import type { DecidePolicy, PolicyDecision, PolicyView } from "./policy.ts";
import { rulesPayload } from "./rules-payload.ts";
import { noRules, validateRules } from "./rules.ts";
import type { Rules } from "./rules.ts";

/** Rules as somebody wants them: what is wrong with them already is known, by the names within the rules. */
export interface WantedRules {
  readonly rules: Rules;
  readonly violations: readonly FieldViolation[];
}

/** Gives an owner these rules, and no others. Where it has them already, nothing changes. */
export function setRules(
  wanted: WantedRules,
  precondition: Precondition,
): DecidePolicy {
  return (view) => {
    requireKnown(view, precondition);
    requireValid(wanted, view);
    return rulesChange(view, wanted.rules);
  };
}

/** Removes an organisation's rules, so that the default's hold again. Where it has none, nothing changes. */
export function resetRules(precondition: Precondition): DecidePolicy {
  return (view) => {
    requireKnown(view, precondition);
    return rulesChange(view, undefined);
  };
}

/**
 * What it takes to give an owner these rules, or none of its own; nothing where it has them already. The instance always has rules, if
 * empty ones; an organisation may have none of its own.
 */
export function rulesChange(
  { owner, own }: PolicyView,
  wanted: Rules | undefined,
): PolicyDecision {
  if (owner === "org" && wanted === undefined) {
    return own.rules === undefined ? {} : { rules: removedRules };
  }
  const rules = wanted ?? noRules;
  const current = owner === "instance" ? noRules : undefined;
  const payload = rulesPayload(rules);
  if (isSame(payload, own.rules?.rules ?? current)) {
    return {};
  }
  return {
    rules: {
      event: { type: `${owner}.policy.lockout.rules.changed`, payload },
      rules,
    },
  };
}

function requireValid({ rules, violations }: WantedRules, view: PolicyView) {
  const found = [...violations, ...validateRules(rules, limitsOf(view))];
  if (found.length > 0) {
    throw new LockoutError("rulesInvalid", {
      violations: found.map(({ field, description }) => ({
        field: `rules.${field}`,
        description,
      })),
    });
  }
}

function isSame(
  payload: ReturnType<typeof rulesPayload>,
  current: Rules | undefined,
): boolean {
  return (
    current !== undefined &&
    JSON.stringify(payload) === JSON.stringify(rulesPayload(current))
  );
}
