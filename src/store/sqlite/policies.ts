import type { Database } from "better-sqlite3";
import type { PolicyDecision } from "../../lockout/policy.ts";
import { toPolicy } from "../shared/rows.ts";
import type { PolicyRow } from "../shared/rows.ts";
import type { RecordedEvent } from "../events.ts";
import type { StoredPolicy } from "../policies.ts";
import type { LimitTable, PolicyAggregate } from "../commands/tables.ts";
import type { Events } from "./events.ts";
import type { TransactionMemory } from "./transaction-memory.ts";

/** The policies, of the instance and of organisations. */
export interface Policies extends LimitTable {
  find(owner: PolicyAggregate): StoredPolicy | undefined;
  /** Writes the event of a decision and the policy that then holds. Inside a transaction. */
  apply(
    owner: PolicyAggregate,
    editor: string,
    decision: PolicyDecision,
    time: number,
  ): RecordedEvent;
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
  const findDefault = database.prepare<
    [],
    Pick<PolicyRow, "max_password_attempts" | "max_otp_attempts">
  >(
    "SELECT max_password_attempts, max_otp_attempts FROM policies WHERE owner_kind = 'instance'",
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
  return {
    find: ({ type, id }) => {
      const row = find.get(type, id);
      // What is found is remembered: with the database's text, since the caller's may be a piece of a large request.
      return row && toPolicy(row.resource_owner, row);
    },
    apply: ({ type, id }, editor, { event, limits }, time) => {
      memory.forget();
      const recorded = events.append(
        { type, id, resourceOwner: id },
        editor,
        event,
        time,
      );
      if (limits === undefined) {
        remove.run(type, id);
      } else {
        put.run(
          type,
          id,
          limits.maxPasswordAttempts,
          limits.maxOtpAttempts,
          recorded.sequence,
          recorded.creationMicros,
          recorded.creationMicros,
        );
      }
      return recorded;
    },
    limitsFor: memory.lookUp((orgId: string) => {
      const row = find.get("org", orgId) ?? findDefault.get();
      return {
        maxPasswordAttempts: row?.max_password_attempts ?? 0,
        maxOtpAttempts: row?.max_otp_attempts ?? 0,
      };
    }),
  };
}
