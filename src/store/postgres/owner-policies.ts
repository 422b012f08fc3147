import type { Limits, PolicyDecision } from "../../lockout/policy.ts";
import type { RecordedEvent } from "../events.ts";
import type { StoredPolicy } from "../policies.ts";
import type {
  Aggregate,
  LimitTable,
  PolicyAggregate,
} from "../commands/tables.ts";
import type { Journal } from "./journal.ts";
import type { NewEvents } from "./new-events.ts";

export interface PolicyEntry {
  readonly owner: PolicyAggregate;
  readonly policy: StoredPolicy | undefined;
  readonly changed: boolean;
}

/** The policies that a batch has read, and what it makes of them. */
export class OwnerPolicies implements LimitTable {
  readonly entries = new Map<string, PolicyEntry>();
  readonly #journal: Journal;
  readonly #events: NewEvents;

  constructor(journal: Journal, events: NewEvents) {
    this.#journal = journal;
    this.#events = events;
  }

  /** Takes a policy as it was read. */
  take(owner: PolicyAggregate, policy: StoredPolicy): void {
    this.entries.set(policyKey(owner), { owner, policy, changed: false });
  }

  find(owner: PolicyAggregate): StoredPolicy | undefined {
    return this.entries.get(policyKey(owner))?.policy;
  }

  /** Writes the event of a decision and the policy that then holds. */
  apply(
    owner: PolicyAggregate,
    editor: string,
    { event, limits }: PolicyDecision,
    time: number,
  ): RecordedEvent {
    const recorded = this.#events.append(
      policyAggregate(owner),
      editor,
      event,
      time,
    );
    const policy = limits && {
      ...limits,
      resourceOwner: owner.id,
      sequence: recorded.sequence,
      creationDate: this.find(owner)?.creationDate ?? time,
      changeDate: time,
    };
    this.#journal.set(this.entries, policyKey(owner), {
      owner,
      policy,
      changed: true,
    });
    return recorded;
  }

  limitsFor(orgId: string): Limits {
    const policy = this.find({ type: "org", id: orgId }) ?? this.#ofInstance();
    return {
      maxPasswordAttempts: policy?.maxPasswordAttempts ?? 0,
      maxOtpAttempts: policy?.maxOtpAttempts ?? 0,
    };
  }

  #ofInstance(): StoredPolicy | undefined {
    for (const { owner, policy } of this.entries.values())
      if (owner.type === "instance") return policy;
    return undefined;
  }
}

/** Whose events those of a policy are. */
export function policyAggregate({ type, id }: PolicyAggregate): Aggregate {
  return { type, id, resourceOwner: id };
}

function policyKey({ type, id }: PolicyAggregate): string {
  return `${type}\n${id}`;
}
