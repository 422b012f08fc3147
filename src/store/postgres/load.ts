import type {
  PolicyAggregate,
  SourceKey,
  StoredAttempt,
  StoredReport,
} from "../commands/tables.ts";
import {
  subjectColumns,
  toAttempt,
  toReport,
  toSubject,
} from "../shared/rows.ts";
import type {
  AttemptRow,
  CounterRow,
  ReportRow,
  SubjectRow,
} from "../shared/rows.ts";
import type { UserKey } from "../users.ts";
import type { LoadedAlias } from "./aliases.ts";
import { begin, beginReading, commit, nowSql } from "./database.ts";
import type { Connection } from "./database.ts";
import { ask } from "./needs.ts";
import type { Need } from "./needs.ts";
import type { Call, Statement } from "./pipeline.ts";
import { toLoadedPart, toPolicyOwner } from "./policies.ts";
import { keepOrgs } from "./present-orgs.ts";
import type { LoadedPart } from "./policies.ts";
import { partsSql } from "../shared/policy-rows.ts";
import { readReports } from "./reports.ts";
import { readStorms, toLoadedStorms } from "./storms.ts";
import type { LoadedStorm } from "./storms.ts";
import type { LoadedSubject } from "./subjects.ts";
import type { Value } from "./values.ts";

/** The database's time, unless tests give one: milliseconds since 1970. `$1` is theirs, or null. */
const timeSql = `coalesce($1::bigint, ${nowSql})`;

/** Reads the database's time, in milliseconds since 1970, unless tests give one as `$1`. */
export const readTime: Statement = {
  name: "read_time",
  text: `SELECT ${timeSql} AS time`,
};

/**
 * What login names lead to: a row for each, so that it takes as long for one that leads to a user. The name's own row is not locked then, nor
 * read.
 */
function nameSql(orgs: string, folded: string, hashes: string): string {
  return `SELECT n.org_id, n.folded, n.hash, a.subject AS user_key, s.key
    FROM unnest(${orgs}::text[], ${folded}::text[], ${hashes}::bytea[]) AS n (org_id, folded, hash)
    LEFT JOIN aliases a ON a.org_id = n.org_id AND a.folded = n.folded
    LEFT JOIN subjects s ON s.org_id = n.org_id AND s.name_hash = n.hash`;
}

// The subjects that the commands of a batch are about. For a login name that no user has, and is not kept yet, another name's row is
// locked and read, since there is one for a user. No more is done with it.
// In the parameters: users ($1 organisations, $2 ids), names ($3
// organisations, $4 folded, $5 hashes), attempts ($6), and how many expired ones of anybody ($7) at which time ($8).
const wanted = `
  SELECT s.key FROM unnest($1::text[], $2::text[]) AS u (org_id, user_id)
    JOIN subjects s ON s.org_id = u.org_id AND s.user_id = u.user_id
  UNION SELECT coalesce(n.user_key, n.key, (
    SELECT other.key FROM subjects other WHERE other.org_id = n.org_id AND other.name_hash > n.hash
    ORDER BY other.name_hash LIMIT 1
  )) FROM (${nameSql("$3", "$4", "$5")}) AS n
  UNION SELECT t.subject FROM attempts t WHERE t.id = ANY ($6::text[])
  UNION SELECT e.subject FROM (
    SELECT subject FROM attempts WHERE outcome IS NULL
      AND expire_time <= (SELECT coalesce($8::bigint, ${nowSql}))
    ORDER BY expire_time, id LIMIT $7
  ) AS e
  UNION SELECT l.subject FROM (
    SELECT subject, begin_time FROM attempts WHERE outcome IS NULL ORDER BY expire_time DESC LIMIT $7
  ) AS l WHERE l.begin_time > (SELECT coalesce($8::bigint, ${nowSql}))
  UNION SELECT d.key FROM (
    SELECT key FROM subjects WHERE lock_end <= (SELECT coalesce($8::bigint, ${nowSql})) ORDER BY lock_end LIMIT $7
  ) AS d
  UNION SELECT f.key FROM (
    SELECT key FROM subjects WHERE factor_lock_end <= (SELECT coalesce($8::bigint, ${nowSql})) ORDER BY factor_lock_end LIMIT $7
  ) AS f`;

// All transactions lock in the order of the keys, so that there is no deadlock. A row that had to be waited for comes as it is
// after the wait.
const readSubjects = `SELECT ${subjectColumns}, sequence FROM subjects WHERE key IN (${wanted})`;
const lockSubjects: Statement = {
  name: "lock_subjects",
  text: `${readSubjects} ORDER BY key FOR UPDATE`,
};
const seeSubjects: Statement = { name: "see_subjects", text: readSubjects };

/** How many attempts of a subject get new times at once, after the clock was set back. */
const maxAhead = 100;

// What follows is read by statements of their own: each sees all that was committed before the locks were given. Counters, and
// attempts: those that are asked for, and the expired ones of the subjects, which are looked up for each (`OFFSET 0` keeps
// the planner from going through all open ones instead).
const readState: Statement = {
  name: "read_state",
  text: `WITH wanted AS MATERIALIZED (${wanted})
    SELECT subject, factor, failed, open, last_failure, failed_in_row, locks_in_row,
      NULL AS id, NULL AS client, NULL::bigint AS begin_time, NULL::bigint AS expire_time, NULL AS outcome, NULL AS result, NULL AS source,
      NULL AS device, NULL::bigint AS device_generation
    FROM counters WHERE subject IN (SELECT key FROM wanted)
    UNION ALL SELECT subject, factor, NULL, NULL, NULL, NULL, NULL, id, client, begin_time, expire_time, outcome, result, source,
      device, device_generation
    FROM attempts WHERE id = ANY ($6::text[])
    UNION ALL SELECT t.subject, t.factor, NULL, NULL, NULL, NULL, NULL, t.id, t.client, t.begin_time, t.expire_time, t.outcome, t.result, t.source,
      t.device, t.device_generation
    FROM wanted, LATERAL (SELECT * FROM attempts WHERE outcome IS NULL AND subject = wanted.key
      AND expire_time <= (SELECT coalesce($8::bigint, ${nowSql})) OFFSET 0) AS t
    UNION ALL SELECT l.subject, l.factor, NULL, NULL, NULL, NULL, NULL, l.id, l.client, l.begin_time, l.expire_time, l.outcome, l.result, l.source,
      l.device, l.device_generation
    FROM wanted, LATERAL (SELECT * FROM attempts WHERE outcome IS NULL AND subject = wanted.key
      ORDER BY expire_time DESC LIMIT ${maxAhead}) AS l
    WHERE l.begin_time > (SELECT coalesce($8::bigint, ${nowSql}))`,
};

const readNames: Statement = {
  name: "read_names",
  text: nameSql("$1", "$2", "$3"),
};

const readAliases: Statement = {
  name: "read_aliases",
  text: `SELECT a.org_id, a.folded, a.name, a.subject, a.place FROM unnest($1::text[], $2::text[]) AS n (org_id, folded)
      JOIN aliases a ON a.org_id = n.org_id AND a.folded = n.folded
    UNION SELECT a.org_id, a.folded, a.name, a.subject, a.place FROM unnest($3::text[], $4::text[]) AS u (org_id, user_id)
      JOIN subjects s ON s.org_id = u.org_id AND s.user_id = u.user_id
      JOIN aliases a ON a.subject = s.key
    ORDER BY 4, 5`,
};

/** The kind of a row that names an organisation that was removed. */
const removedKind = "removed";

// One row at least: the time is in each.
const policiesAt = (
  time: string,
  orgs: string,
) => `SELECT t.time, p.* FROM (SELECT coalesce(${time}::bigint, ${nowSql}) AS time) AS t
  LEFT JOIN (${partsSql(orgs, "undated")}
    UNION ALL SELECT '${removedKind}', id, NULL, NULL, NULL, NULL, NULL, NULL FROM orgs WHERE removal_date IS NOT NULL AND id ${orgs}
  ) AS p ON true`;
const readPolicies: Statement = {
  name: "read_policies",
  text: policiesAt("$1", "= ANY ($2::text[])"),
};
// The organisations of the subjects are known only when these are found.
const readPoliciesOfSubjects: Statement = {
  name: "read_policies_of_subjects",
  text: `WITH asked AS MATERIALIZED (
      SELECT org_id FROM subjects WHERE key IN (${wanted}) UNION SELECT unnest($9::text[]))
    ${policiesAt("$8", "IN (SELECT org_id FROM asked)")}`,
};

// To insert or to update locks the row either way.
const lockPolicyOwners: Statement = {
  name: "lock_policy_owners",
  text: `INSERT INTO policy_owners (owner_kind, resource_owner, sequence)
    SELECT o.kind, o.owner, 0 FROM unnest($1::text[], $2::text[]) AS o (kind, owner)
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET sequence = policy_owners.sequence
    RETURNING owner_kind, resource_owner, sequence`,
};

const readUserSequences: Statement = {
  name: "read_user_sequences",
  text: `SELECT u.org_id, u.user_id, coalesce((
      SELECT e.sequence FROM events e
      WHERE e.aggregate_id = u.user_id AND e.aggregate_type = 'user' AND e.resource_owner = u.org_id
      ORDER BY e.sequence DESC LIMIT 1), 0) AS sequence
    FROM unnest($1::text[], $2::text[]) AS u (org_id, user_id)
    WHERE NOT EXISTS (SELECT 1 FROM subjects s WHERE s.org_id = u.org_id AND s.user_id = u.user_id)`,
};

/** What was read and locked for a batch of commands. */
export interface Loaded {
  readonly subjects: readonly LoadedSubject[];
  readonly counters: readonly {
    readonly subject: number;
    readonly row: CounterRow;
  }[];
  readonly attempts: readonly {
    readonly attempt: StoredAttempt;
    readonly source: SourceKey | undefined;
  }[];
  readonly reports: readonly StoredReport[];
  /** In the order of each subject's list. */
  readonly aliases: readonly LoadedAlias[];
  /** What login names lead to. */
  readonly names: readonly {
    readonly orgId: string;
    readonly folded: string;
    readonly hash: Uint8Array;
    /** The user with that alias. */
    readonly user: number | null;
    /** The name's own, where it is kept. */
    readonly key: number | null;
  }[];
  readonly storms: readonly LoadedStorm[];
  readonly policies: readonly LoadedPart[];
  readonly policySequences: readonly {
    readonly owner: PolicyAggregate;
    readonly sequence: number;
  }[];
  /** The organisations among those of the commands that were removed. */
  readonly removedOrgs: readonly string[];
  /** The last sequences of users who are not stored, but may have been before. */
  readonly userSequences: readonly (UserKey & { readonly sequence: number })[];
}

/** What was read, and when by the database's clock. */
export interface Read {
  readonly loaded: Loaded;
  /** In milliseconds since 1970. */
  readonly time: number;
}

/**
 * Begins a transaction, locks and reads what the commands need, all in one round trip.
 *
 * @param time tests' own, instead of the database's
 */
export function load(
  connection: Connection,
  needs: readonly Need[],
  time: number | null,
): Promise<Read> {
  return read(connection, needs, time, [begin, keepOrgs], lockSubjects, []);
}

/** Reads what is needed as it is at one moment, without locks, in one round trip. */
export function see(
  connection: Connection,
  needs: readonly Need[],
  time: number | null,
): Promise<Read> {
  return read(connection, needs, time, [beginReading], seeSubjects, [[commit]]);
}

async function read(
  { send }: Connection,
  needs: readonly Need[],
  time: number | null,
  beginning: readonly Statement[],
  subjectsStatement: Statement,
  end: readonly Call[],
): Promise<Read> {
  const asked = ask(needs);
  const subjects: Value[] = [
    ...[asked.userOrgs, asked.userIds],
    ...[asked.nameOrgs, asked.nameFolded, asked.nameHashes],
    ...[asked.attemptIds, asked.expired, time],
  ];
  const places = {
    ...{ subjects: -1, names: -1, aliases: -1, reports: -1 },
    ...{ userSequences: -1, storms: -1, owners: -1 },
  };
  const statements: Call[] = beginning.map((statement) => [statement]);
  if (asked.policyOwners.length > 0) {
    places.owners = statements.length;
    statements.push([
      lockPolicyOwners,
      asked.policyOwners.map(({ type }) => type),
      asked.policyOwners.map(({ id }) => id),
    ]);
  }
  if (asked.hasSubjects) {
    places.subjects = statements.length;
    statements.push([subjectsStatement, ...subjects], [readState, ...subjects]);
  }
  if (asked.nameOrgs.length > 0) {
    places.names = statements.length;
    statements.push([
      readNames,
      ...[asked.nameOrgs, asked.nameFolded, asked.nameHashes],
    ]);
  }
  if (asked.reportOrgs.length > 0) {
    places.reports = statements.length;
    statements.push([readReports, asked.reportOrgs, asked.reportKeys]);
  }
  if (asked.aliasOrgs.length > 0 || asked.ownerOrgs.length > 0) {
    places.aliases = statements.length;
    statements.push([
      readAliases,
      ...[asked.aliasOrgs, asked.aliasFolded],
      ...[asked.ownerOrgs, asked.ownerIds],
    ]);
  }
  if (asked.userIds.length > 0) {
    places.userSequences = statements.length;
    statements.push([readUserSequences, asked.userOrgs, asked.userIds]);
  }
  if (asked.stormOrgs.length > 0) {
    places.storms = statements.length;
    statements.push([readStorms, [...new Set(asked.stormOrgs)]]);
  }
  const last = statements.length;
  statements.push(
    asked.expired > 0
      ? [readPoliciesOfSubjects, ...subjects, asked.orgs]
      : [readPolicies, time, [...new Set(asked.orgs)]],
  );
  const results = await send(...statements, ...end);
  const rows = (index: number) => results[index]?.rows ?? [];
  const state = places.subjects < 0 ? [] : rows(places.subjects + 1);
  return {
    time: Number(rows(last)[0]?.["time"]),
    loaded: {
      policySequences: rows(places.owners).map((row) => ({
        owner: toPolicyOwner(row),
        sequence: Number(row["sequence"]),
      })),
      subjects: rows(places.subjects).map((row) => ({
        stored: toSubject(row as unknown as SubjectRow),
        sequence: Number(row["sequence"]),
      })),
      counters: state
        .filter((row) => row["id"] === null)
        .map((row) => ({
          subject: Number(row["subject"]),
          row: row as unknown as CounterRow,
        })),
      attempts: state
        .filter((row) => row["id"] !== null)
        .map((row) => ({
          attempt: toAttempt(row as unknown as AttemptRow),
          source: (row["source"] ?? undefined) as SourceKey | undefined,
        })),
      reports: rows(places.reports).map((row) =>
        toReport(row as unknown as ReportRow),
      ),
      aliases: rows(places.aliases).map((row) => ({
        orgId: row["org_id"] as string,
        folded: row["folded"] as string,
        name: row["name"] as string,
        subject: row["subject"] as number,
      })),
      names: rows(places.names).map((row) => ({
        orgId: row["org_id"] as string,
        folded: row["folded"] as string,
        hash: row["hash"] as Uint8Array,
        user: row["user_key"] as number | null,
        key: row["key"] as number | null,
      })),
      userSequences: rows(places.userSequences).map((row) => ({
        orgId: row["org_id"] as string,
        userId: row["user_id"] as string,
        sequence: row["sequence"] as number,
      })),
      storms: toLoadedStorms(rows(places.storms)),
      policies: rows(last)
        .filter(({ owner_kind: kind }) => kind !== null && kind !== removedKind)
        .map(toLoadedPart),
      removedOrgs: rows(last)
        .filter((row) => row["owner_kind"] === removedKind)
        .map((row) => row["resource_owner"] as string),
    },
  };
}
