import type {
  DecidePolicy,
  PolicyDecision,
} from "../../src/lockout/policy/policy.ts";
import { rulesPayload } from "../../src/lockout/policy/rules-payload.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";
import type { RecordedEvent } from "../../src/store/events.ts";
import type { PolicyOwner, PolicyStore } from "../../src/store/policies.ts";

/** Runs a command that writes one event. */
export async function changePolicy(
  store: Pick<PolicyStore, "changePolicy">,
  owner: PolicyOwner,
  editor: string,
  decide: DecidePolicy,
): Promise<RecordedEvent> {
  const [event, ...others] = await store.changePolicy(owner, editor, decide);
  if (event === undefined || others.length > 0) {
    throw new Error(`the command wrote ${others.length} events more than one`);
  }
  return event;
}

/** A decision that writes rules as they are, whatever may hold. */
export function rulesDecision(
  owner: PolicyOwner["kind"],
  rules: Rules,
): PolicyDecision {
  const type = `${owner}.policy.lockout.rules.changed` as const;
  return { rules: { event: { type, payload: rulesPayload(rules) }, rules } };
}
