import type { Database } from "better-sqlite3";
import type { PolicyDecision } from "../../lockout/policy/policy.ts";
import { noRules } from "../../lockout/policy/rules.ts";
import {
  partsSql,
  rulesText,
  toDatedPolicy,
  toPolicy,
  toRules,
} from "../shared/policy-rows.ts";
import type { PartRow, PolicyRow } from "../shared/policy-rows.ts";
import type { RecordedEvent } from "../events.ts";
import type { DatedPolicy, StoredPolicy } from "../policies.ts";
import type { PolicyAggregate, PolicyTable } from "../commands/tables.ts";
import type { Events } from "./events.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** The policies, of the instance and of organisations. */
export interface Policies extends PolicyTable {
  /** The numbers of an owner. */
  find(owner: PolicyAggregate): StoredPolicy | undefined;
  view(owner: PolicyAggregate): DatedPolicy;
  /** Writes the events of a decision and what the owner then has of its own. Inside a transaction. */
  apply(
    owner: PolicyAggregate,
    editor: string,
    decision: PolicyDecision,
    time: number,
  ): readonly RecordedEvent[];
}

/** A row of what counts for an organisation's users. */
interface UserPolicyRow {
  readonly max_password_attempts: number | null;
  readonly max_otp_attempts: number | null;
  readonly rules: string | null;
}

/** Prepares the statements of {@link Policies}. */
export function preparePolicies(
  database: Database,
  events: Events,
  memory: TransactionMemory,
): Policies {
  const find = database.prepare<
    [string, string],
    PolicyRow & { readonly resource_owner: string }
  >(
    `SELECT resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_micros, change_micros FROM policies
     WHERE owner_kind = ? AND resource_owner = ?`,
  );
  const findParts = database.prepare<[{ readonly orgId: string }], PartRow>(
    partsSql("= @orgId", "dated"),
  );
  const findUserPolicy = database.prepare<[string, string], UserPolicyRow>(
    `SELECT coalesce(o.max_password_attempts, i.max_password_attempts) AS max_password_attempts,
       coalesce(o.max_otp_attempts, i.max_otp_attempts) AS max_otp_attempts, coalesce(n.rules, d.rules) AS rules
     FROM (SELECT 1)
       LEFT JOIN policies o ON o.owner_kind = 'org' AND o.resource_owner = ?
       LEFT JOIN policies i ON i.owner_kind = 'instance'
       LEFT JOIN policy_rules n ON n.owner_kind = 'org' AND n.resource_owner = ?
       LEFT JOIN policy_rules d ON d.owner_kind = 'instance'`,
  );
  const put = database.prepare<
    [string, string, number, number, number, number, number]
  >(
    `INSERT INTO policies
       (owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_micros, change_micros)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET
       max_password_attempts = excluded.max_password_attempts,
       max_otp_attempts = excluded.max_otp_attempts,
       sequence = excluded.sequence,
       change_micros = excluded.change_micros`,
  );
  const remove = database.prepare<[string, string]>(
    "DELETE FROM policies WHERE owner_kind = ? AND resource_owner = ?",
  );
  const putRules = database.prepare<[string, string, string, number]>(
    `INSERT INTO policy_rules (owner_kind, resource_owner, rules, sequence) VALUES (?, ?, ?, ?)
     ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET rules = excluded.rules, sequence = excluded.sequence`,
  );
  const removeRules = database.prepare<[string, string]>(
    "DELETE FROM policy_rules WHERE owner_kind = ? AND resource_owner = ?",
  );

  const applyRules = (
    { type, id }: PolicyAggregate,
    rules: NonNullable<PolicyDecision["rules"]>["rules"],
    { sequence }: RecordedEvent,
  ) => {
    if (rules === undefined) {
      removeRules.run(type, id);
    } else {
      putRules.run(type, id, rulesText(rules), sequence);
    }
  };
  const applyLimits = (
    { type, id }: PolicyAggregate,
    limits: NonNullable<PolicyDecision["numbers"]>["limits"],
    { sequence, creationMicros }: RecordedEvent,
  ) => {
    if (limits === undefined) {
      remove.run(type, id);
      return;
    }
    put.run(
      ...[type, id, limits.maxPasswordAttempts, limits.maxOtpAttempts],
      ...[sequence, creationMicros, creationMicros],
    );
  };

  return {
    find: ({ type, id }) => {
      const row = find.get(type, id);
      // What is found is remembered: with the database's text, since the caller's may be a piece of a large request.
      return row && toPolicy(row.resource_owner, row);
    },
    view: ({ type, id }) =>
      toDatedPolicy(type, findParts.all({ orgId: type === "org" ? id : "" })),
    apply: (owner, editor, { rules, numbers }, time) => {
      memory.forget();
      const { type, id } = owner;
      const recorded: RecordedEvent[] = [];
      const append = (event: Parameters<Events["append"]>[2]) => {
        const written = events.append(
          { type, id, resourceOwner: id },
          ...([editor, event, time] as const),
        );
        recorded.push(written);
        return written;
      };
      if (rules !== undefined) {
        applyRules(owner, rules.rules, append(rules.event));
      }
      if (numbers !== undefined) {
        applyLimits(owner, numbers.limits, append(numbers.event));
      }
      return recorded;
    },
    policyFor: memory.lookUp((orgId: string) => {
      const row = findUserPolicy.get(orgId, orgId);
      return {
        limits: {
          maxPasswordAttempts: row?.max_password_attempts ?? 0,
          maxOtpAttempts: row?.max_otp_attempts ?? 0,
        },
        rules: row?.rules == null ? noRules : toRules(row.rules),
      };
    }),
  };
}
