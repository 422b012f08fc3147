import type { NewEvent } from "../../lockout/events/event.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import type {
  PolicyDecision,
  PolicyView,
} from "../../lockout/policy/policy.ts";
import type {
  Aggregate,
  PolicyAggregate,
  PolicyTable,
  UserPolicy,
} from "../commands/tables.ts";
import type { RecordedEvent } from "../events.ts";
import type { DatedPolicy, StoredPolicy } from "../policies.ts";
import { noRules } from "../../lockout/policy/rules.ts";
import {
  partsSql,
  toDatedPolicy,
  toPolicy,
  toRules,
} from "../shared/policy-rows.ts";
import type { PartRow, PolicyRow } from "../shared/policy-rows.ts";
import type { PostgresDatabase } from "./database.ts";
import type { NewEvents } from "./events.ts";
import type { Journal } from "./journal.ts";
import { createLookups } from "./lookups.ts";
import type { Call, Row, Statement } from "./pipeline.ts";
import { policyKey, PolicyRules } from "./policy-rules.ts";

interface PolicyEntry {
  readonly owner: PolicyAggregate;
  readonly policy: StoredPolicy | undefined;
  readonly changed: boolean;
  /** The sequence of the event of this batch that created the policy, if one did. */
  readonly creation?: number | undefined;
}

/** A policy and whose it is. */
interface OwnedPolicy {
  readonly owner: PolicyAggregate;
  readonly policy: StoredPolicy;
}

/** The columns of {@link toOwnedPolicy}. */
const policyColumns =
  "owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_micros, change_micros";

const findPolicies: Statement = {
  name: "find_policies",
  text: `SELECT ${policyColumns} FROM policies
    WHERE (owner_kind, resource_owner) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
};
const viewParts: Statement = {
  name: "view_policy",
  text: partsSql("= $1::text", "dated"),
};
const putPolicies: Statement = {
  name: "put_policies",
  text: `INSERT INTO policies (${policyColumns})
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET max_password_attempts = excluded.max_password_attempts,
      max_otp_attempts = excluded.max_otp_attempts, sequence = excluded.sequence,
      creation_micros = excluded.creation_micros`,
};
/** Gives policies the dates of their last events, and new ones of those that created them: the last ones, unless others are given. Behind these. */
export const datePolicies: Statement = {
  name: "date_policies",
  text: `UPDATE policies SET creation_micros = dated.creation, creation_date = dated.creation / 1000,
      change_micros = dated.change, change_date = dated.change / 1000
    FROM (
      SELECT owner_kind, p.resource_owner, e.creation_micros AS change,
        coalesce(c.creation_micros, p.creation_micros) AS creation
      FROM unnest($1::text[], $2::text[], $3::bigint[]) AS o (kind, owner, creation)
        JOIN policies p ON p.owner_kind = o.kind AND p.resource_owner = o.owner
        JOIN events e ON e.aggregate_id = o.owner AND e.aggregate_type = o.kind AND e.resource_owner = o.owner
          AND e.sequence = p.sequence
        LEFT JOIN events c ON c.aggregate_id = o.owner AND c.aggregate_type = o.kind AND c.resource_owner = o.owner
          AND c.sequence = coalesce(o.creation, CASE p.creation_micros WHEN 0 THEN p.sequence END)
    ) AS dated
    WHERE policies.owner_kind = dated.owner_kind AND policies.resource_owner = dated.resource_owner`,
};
const removePolicies: Statement = {
  name: "remove_policies",
  text: `DELETE FROM policies USING unnest($1::text[], $2::text[]) AS p (kind, owner)
    WHERE policies.owner_kind = p.kind AND policies.resource_owner = p.owner`,
};
const putPolicySequences: Statement = {
  name: "put_policy_sequences",
  text: `UPDATE policy_owners SET sequence = p.sequence FROM unnest($1::text[], $2::text[], $3::bigint[]) AS p (kind, owner, sequence)
    WHERE policy_owners.owner_kind = p.kind AND policy_owners.resource_owner = p.owner`,
};

/** The policies that a batch has read, and what it makes of them. */
export class Policies implements PolicyTable {
  readonly rules: PolicyRules;
  readonly #entries = new Map<string, PolicyEntry>();
  /** Owners whose rows are locked, with the sequence of the last event as it was read. */
  readonly #locked: { owner: PolicyAggregate; sequence: number }[] = [];
  readonly #journal: Journal;
  readonly #events: NewEvents;

  constructor(journal: Journal, events: NewEvents) {
    this.#journal = journal;
    this.#events = events;
    this.rules = new PolicyRules(journal);
  }

  /** Takes a part of a policy as it was read. */
  take({ owner, row }: LoadedPart): void {
    if (row.rules === null) {
      const policy = toPolicy(owner.id, row);
      this.#entries.set(policyKey(owner), { owner, policy, changed: false });
    } else {
      const { sequence, rules } = row;
      this.rules.take(owner, { rules: toRules(rules), sequence });
    }
  }

  /** Takes the last sequence of an owner whose row is locked, for its next event. */
  takeSequence(owner: PolicyAggregate, sequence: number): void {
    this.#locked.push({ owner, sequence });
    this.#events.take(policyAggregate(owner), sequence);
  }

  find(owner: PolicyAggregate): StoredPolicy | undefined {
    return this.#entries.get(policyKey(owner))?.policy;
  }

  /** What a policy command is decided from. */
  view(owner: PolicyAggregate): PolicyView {
    const { type } = owner;
    const own = { numbers: this.find(owner), rules: this.rules.find(owner) };
    return {
      owner: type,
      own,
      inherited:
        type === "instance"
          ? { numbers: undefined, rules: undefined }
          : { numbers: this.#ofInstance(), rules: this.rules.ofInstance() },
    };
  }

  /** Writes the events of a decision and what the owner then has of its own. */
  apply(
    owner: PolicyAggregate,
    editor: string,
    { rules, numbers }: PolicyDecision,
    time: number,
  ): readonly RecordedEvent[] {
    const recorded: RecordedEvent[] = [];
    const append = (event: NewEvent) => {
      const written = this.#events.append(
        policyAggregate(owner),
        ...([editor, event, time] as const),
      );
      recorded.push(written);
      return written;
    };
    if (rules !== undefined) {
      this.rules.set(owner, rules.rules, append(rules.event).sequence);
    }
    if (numbers !== undefined) {
      this.#set(owner, numbers.limits, append(numbers.event));
    }
    return recorded;
  }

  policyFor(orgId: string): UserPolicy {
    const owner: PolicyAggregate = { type: "org", id: orgId };
    const policy = this.find(owner) ?? this.#ofInstance();
    const stored = this.rules.find(owner) ?? this.rules.ofInstance();
    return {
      limits: {
        maxPasswordAttempts: policy?.maxPasswordAttempts ?? 0,
        maxOtpAttempts: policy?.maxOtpAttempts ?? 0,
      },
      rules: stored?.rules ?? noRules,
    };
  }

  /** The statements that write what the batch has changed. */
  writes(): readonly Call[] {
    const changed = [...this.#entries.values()].filter(
      ({ changed }) => changed,
    );
    const put = changed.flatMap(({ owner, policy }) =>
      policy === undefined ? [] : [{ owner, policy }],
    );
    const removed = changed.filter(({ policy }) => policy === undefined);
    const sequenceOf = (owner: PolicyAggregate) =>
      this.#events.sequenceOf(policyAggregate(owner));
    const appended = this.#locked.filter(
      ({ owner, sequence }) => sequenceOf(owner) !== sequence,
    );
    return [
      ...(put.length > 0 ? [putting(put)] : []),
      ...(removed.length > 0 ? [removal(removed)] : []),
      ...this.rules.writes(),
      ...(appended.length > 0
        ? [
            [
              putPolicySequences,
              appended.map(({ owner }) => owner.type),
              appended.map(({ owner }) => owner.id),
              appended.map(({ owner }) => sequenceOf(owner)),
            ] as const,
          ]
        : []),
    ];
  }

  /** The statement behind the events: policies have their dates. */
  dates(): readonly Call[] {
    const put = [...this.#entries.values()].filter(
      ({ changed, policy }) => changed && policy !== undefined,
    );
    return put.length === 0
      ? []
      : [
          [
            datePolicies,
            put.map(({ owner }) => owner.type),
            put.map(({ owner }) => owner.id),
            put.map(({ creation }) => creation ?? null),
          ],
        ];
  }

  #set(
    owner: PolicyAggregate,
    limits: Limits | undefined,
    { sequence }: RecordedEvent,
  ): void {
    const before = this.#entries.get(policyKey(owner));
    const creation = before?.policy === undefined ? sequence : before.creation;
    const policy = limits && {
      ...limits,
      ...{ resourceOwner: owner.id, sequence },
      // Those of the events, which get theirs when they are written.
      creationMicros: before?.policy?.creationMicros ?? 0,
      changeMicros: 0,
    };
    this.#journal.set(this.#entries, policyKey(owner), {
      ...{ owner, policy, creation },
      changed: true,
    });
  }

  #ofInstance(): StoredPolicy | undefined {
    for (const { owner, policy } of this.#entries.values()) {
      if (owner.type === "instance") {
        return policy;
      }
    }
    return undefined;
  }
}

function putting(put: readonly OwnedPolicy[]): Call {
  return [
    putPolicies,
    put.map(({ owner }) => owner.type),
    put.map(({ owner }) => owner.id),
    put.map(({ policy }) => policy.maxPasswordAttempts),
    put.map(({ policy }) => policy.maxOtpAttempts),
    put.map(({ policy }) => policy.sequence),
    put.map(({ policy }) => policy.creationMicros),
    put.map(({ policy }) => policy.changeMicros),
  ];
}

function removal(removed: readonly PolicyEntry[]): Call {
  return [
    removePolicies,
    removed.map(({ owner }) => owner.type),
    removed.map(({ owner }) => owner.id),
  ];
}

/** Looks policies up outside of batches; look-ups that wait together share a round trip. */
export function createPolicyLookup(
  database: PostgresDatabase,
): (owner: PolicyAggregate) => Promise<StoredPolicy | undefined> {
  const lookUp = createLookups<StoredPolicy>(async (keys) => {
    const owners = keys.map((key) => key.split("\n"));
    const { rows } = await database.query(
      findPolicies,
      owners.map(([type = ""]) => type),
      owners.map(([, id = ""]) => id),
    );
    return new Map(
      rows.map((row) => {
        const { owner, policy } = toOwnedPolicy(row);
        return [policyKey(owner), policy];
      }),
    );
  });
  return (owner) => lookUp(policyKey(owner));
}

/** Reads what an owner has of its own, and what it inherits. */
export async function viewPolicy(
  database: PostgresDatabase,
  { type, id }: PolicyAggregate,
): Promise<DatedPolicy> {
  const { rows } = await database.query(viewParts, type === "org" ? id : "");
  return toDatedPolicy(type, rows as unknown as readonly PartRow[]);
}

/** A part of a policy as it was read, and whose it is. */
export interface LoadedPart {
  readonly owner: PolicyAggregate;
  readonly row: PartRow;
}

/** Reads a row of `partsSql`. */
export function toLoadedPart(row: Row): LoadedPart {
  return { owner: toPolicyOwner(row), row: row as unknown as PartRow };
}

/** Reads a row of {@link policyColumns}. */
function toOwnedPolicy(row: Row): OwnedPolicy {
  const owner = toPolicyOwner(row);
  return { owner, policy: toPolicy(owner.id, row as unknown as PolicyRow) };
}

/** Reads whose policy it is from the columns `owner_kind` and `resource_owner`. */
export function toPolicyOwner(row: Row): PolicyAggregate {
  return {
    type: row["owner_kind"] as PolicyAggregate["type"],
    id: row["resource_owner"] as string,
  };
}

/** Whose events those of a policy are. */
export function policyAggregate({ type, id }: PolicyAggregate): Aggregate {
  return { type, id, resourceOwner: id };
}
