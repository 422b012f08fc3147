import { LockoutError } from "../errors/errors.ts";
import { requireKnown } from "./policy-etag.ts";
import type { Precondition } from "./policy-etag.ts";
import { addedPayload, changedPayload, removedNumbers } from "./policy.ts";
import type {
  DecidePolicy,
  PolicyDecision,
  PolicyParts,
  PolicyView,
} from "./policy.ts";
import { rulesChange } from "./rules-commands.ts";

/**
 * Gives an owner the parts that it had of its own at another time, or none where it had none. They held then, whatever rules would be refused
 * now. What it has already is not written again.
 */
export function rollBackPolicy(
  past: PolicyParts,
  precondition: Precondition,
): DecidePolicy {
  return (view) => {
    requireKnown(view, precondition);
    return {
      ...numbersChange(view, past.numbers),
      ...rulesChange(view, past.rules?.rules),
    };
  };
}

function numbersChange(
  { owner, own: { numbers: current } }: PolicyView,
  past: PolicyParts["numbers"],
): PolicyDecision {
  if (past === undefined) {
    return owner === "org" && current !== undefined
      ? { numbers: removedNumbers }
      : {};
  }
  if (current === undefined) {
    if (owner === "instance") {
      throw new LockoutError("defaultPolicyNotFound");
    }
    const payload = addedPayload(past);
    const event = { type: "org.policy.lockout.added", payload } as const;
    return { numbers: { event, limits: past } };
  }
  const payload = changedPayload(current, past);
  return payload === undefined
    ? {}
    : {
        numbers: {
          event: { type: `${owner}.policy.lockout.changed`, payload },
          limits: past,
        },
      };
}
