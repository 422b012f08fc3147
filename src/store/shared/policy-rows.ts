/** Rows of policies as every engine stores them. */
import type { EventPayload } from "../../lockout/events/event.ts";
import { rulesOf, rulesPayload } from "../../lockout/policy/rules-payload.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import type { DatedParts, DatedPolicy, StoredPolicy } from "../policies.ts";

/** A row of a policy, without whose it is. */
export interface PolicyRow {
  readonly max_password_attempts: number;
  readonly max_otp_attempts: number;
  readonly sequence: number;
  readonly creation_micros: number;
  readonly change_micros: number;
}

/** Reads a row of an owner's policy. */
export function toPolicy(resourceOwner: string, row: PolicyRow): StoredPolicy {
  return {
    maxPasswordAttempts: row.max_password_attempts,
    maxOtpAttempts: row.max_otp_attempts,
    resourceOwner,
    sequence: row.sequence,
    creationMicros: row.creation_micros,
    changeMicros: row.change_micros,
  };
}

/** Reads rules as they are stored: as the payload of their event. */
export function toRules(text: string): Rules {
  return rulesOf(JSON.parse(text) as EventPayload);
}

/** Rules as they are stored. */
export function rulesText(rules: Rules): string {
  return JSON.stringify(rulesPayload(rules));
}

/** A row of {@link partsSql}. */
export type PartRow = {
  readonly owner_kind: "instance" | "org";
  readonly resource_owner: string;
} & (
  | (PolicyRow & { readonly rules: null })
  | {
      readonly sequence: number;
      /** Null where it was not asked for. */
      readonly change_micros: number | null;
      readonly rules: string;
    }
);

/**
 * The parts of the policies of the instance and of organisations, a row for each: numbers or rules.
 *
 * @param orgs of which organisations, as a condition on their ids, such as `= $1`
 * @param dates whether rules get the date of their event
 */
export function partsSql(orgs: string, dates: "dated" | "undated"): string {
  // Branches, since SQLite makes a table for what both sides of an OR find.
  const owners = [
    "owner_kind = 'instance'",
    `owner_kind = 'org' AND resource_owner ${orgs}`,
  ];
  const date = `(SELECT e.creation_micros FROM events e
      WHERE e.aggregate_id = policy_rules.resource_owner AND e.aggregate_type = policy_rules.owner_kind
        AND e.resource_owner = policy_rules.resource_owner AND e.sequence = policy_rules.sequence)`;
  const numbers = `SELECT owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_micros, change_micros, NULL AS rules
    FROM policies`;
  const rules = `SELECT owner_kind, resource_owner, NULL, NULL, sequence, NULL, ${dates === "dated" ? date : "NULL"}, rules
    FROM policy_rules`;
  return [numbers, rules]
    .flatMap((part) => owners.map((owner) => `${part} WHERE ${owner}`))
    .join(" UNION ALL ");
}

/** What an owner has of its own, and what it inherits, of rows of {@link partsSql} with dates. */
export function toDatedPolicy(
  owner: "instance" | "org",
  rows: readonly PartRow[],
): DatedPolicy {
  const instance = toParts(rows, "instance");
  return owner === "instance"
    ? { owner, own: instance, inherited: toParts([], owner) }
    : { owner, own: toParts(rows, owner), inherited: instance };
}

/** The parts that an owner has of its own. */
function toParts(
  rows: readonly PartRow[],
  kind: "instance" | "org",
): DatedParts {
  let parts: DatedParts = { numbers: undefined, rules: undefined };
  for (const row of rows) {
    if (row.owner_kind !== kind) {
      continue;
    }
    if (row.rules === null) {
      parts = { ...parts, numbers: toPolicy(row.resource_owner, row) };
    } else {
      const { sequence, change_micros: date } = row;
      const rules = toRules(row.rules);
      parts = { ...parts, rules: { rules, sequence, changeMicros: date ?? 0 } };
    }
  }
  return parts;
}
