import type { StoredRules } from "../../lockout/policy/policy.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import type { PolicyAggregate } from "../commands/tables.ts";
import { rulesText } from "../shared/policy-rows.ts";
import type { Journal } from "./journal.ts";
import type { Call, Statement } from "./pipeline.ts";

interface RulesEntry {
  readonly owner: PolicyAggregate;
  readonly stored: StoredRules | undefined;
  readonly changed: boolean;
}

const putRules: Statement = {
  name: "put_policy_rules",
  text: `INSERT INTO policy_rules (owner_kind, resource_owner, rules, sequence)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET rules = excluded.rules, sequence = excluded.sequence`,
};
const removeRules: Statement = {
  name: "remove_policy_rules",
  text: `DELETE FROM policy_rules USING unnest($1::text[], $2::text[]) AS p (kind, owner)
    WHERE policy_rules.owner_kind = p.kind AND policy_rules.resource_owner = p.owner`,
};

/** The rules that a batch has read, and what it makes of them. Only who has locked the owner's row in `policy_owners` changes any. */
export class PolicyRules {
  readonly #entries = new Map<string, RulesEntry>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Takes rules as they were read. */
  take(owner: PolicyAggregate, stored: StoredRules): void {
    this.#entries.set(policyKey(owner), { owner, stored, changed: false });
  }

  find(owner: PolicyAggregate): StoredRules | undefined {
    return this.#entries.get(policyKey(owner))?.stored;
  }

  /** Those of the default policy. */
  ofInstance(): StoredRules | undefined {
    for (const { owner, stored } of this.#entries.values()) {
      if (owner.type === "instance") {
        return stored;
      }
    }
    return undefined;
  }

  /** Gives an owner rules of its own, or none, by its event of this sequence. */
  set(
    owner: PolicyAggregate,
    rules: Rules | undefined,
    sequence: number,
  ): void {
    this.#journal.set(this.#entries, policyKey(owner), {
      owner,
      stored: rules && { rules, sequence },
      changed: true,
    });
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const changed = [...this.#entries.values()].filter(
      (entry) => entry.changed,
    );
    const put = changed.flatMap(({ owner, stored }) =>
      stored === undefined ? [] : [{ owner, stored }],
    );
    const removed = changed.filter(({ stored }) => stored === undefined);
    return [
      ...(put.length > 0
        ? [
            [
              putRules,
              put.map(({ owner }) => owner.type),
              put.map(({ owner }) => owner.id),
              put.map(({ stored }) => rulesText(stored.rules)),
              put.map(({ stored }) => stored.sequence),
            ] as const,
          ]
        : []),
      ...(removed.length > 0
        ? [
            [
              removeRules,
              removed.map(({ owner }) => owner.type),
              removed.map(({ owner }) => owner.id),
            ] as const,
          ]
        : []),
    ];
  }
}

/** The key of whoever has a policy, among those that a batch has read. */
export function policyKey({ type, id }: PolicyAggregate): string {
  return `${type}\n${id}`;
}
