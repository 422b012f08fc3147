import { commit, rollback } from "./database.ts";
import type { Connection } from "./database.ts";
import type { Statement } from "./pipeline.ts";
import type { Value } from "./values.ts";
import { clientColumn, closedColumns } from "../shared/rows.ts";
import { StoreUnavailableError } from "../store.ts";
import { policyAggregate } from "./owner-policies.ts";
import type { PendingEvent } from "./new-events.ts";
import { aggregateOf } from "./workspace.ts";
import type { SubjectEntry, Workspace } from "./workspace.ts";

/** Where other nodes are told of new events. */
export const channel = "lockoutd_events";

const removeSubjects: Statement = {
  name: "remove_subjects",
  text: "DELETE FROM subjects WHERE key = ANY ($1::bigint[])",
};
const removeOpenAttempts: Statement = {
  name: "remove_open_attempts",
  text: "DELETE FROM attempts WHERE outcome IS NULL AND subject = ANY ($1::bigint[])",
};
const insertSubjects: Statement = {
  name: "insert_subjects",
  text: `INSERT INTO subjects (key, org_id, user_id, name_hash, recency, account, lock_reason, lock_time, lock_by, sequence,
      since_position, recorded)
    SELECT s.key, s.org_id, s.user_id, s.name_hash,
      CASE WHEN s.name_hash IS NULL THEN NULL ELSE nextval('name_recency') END,
      s.account, s.lock_reason, s.lock_time, s.lock_by, s.sequence, h.position, 1
    FROM log_head h, unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::bigint[],
      $8::text[], $9::bigint[])
      AS s (key, org_id, user_id, name_hash, account, lock_reason, lock_time, lock_by, sequence)`,
};
const updateSubjects: Statement = {
  name: "update_subjects",
  text: `UPDATE subjects SET account = s.account, lock_reason = s.lock_reason, lock_time = s.lock_time,
      lock_by = s.lock_by, sequence = s.sequence
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
      AS s (key, account, lock_reason, lock_time, lock_by, sequence)
    WHERE subjects.key = s.key`,
};
const stepCounters: Statement = {
  name: "step_counters",
  text: `UPDATE counters SET failed = CASE WHEN c.cleared THEN c.failed ELSE counters.failed + c.failed END,
      open = counters.open + c.open, last_failure = coalesce(c.last_failure, counters.last_failure)
    FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[])
      AS c (subject, factor, cleared, failed, open, last_failure)
    WHERE counters.subject = c.subject AND counters.factor = c.factor`,
};
const insertCounters: Statement = {
  name: "insert_counters",
  text: `INSERT INTO counters (subject, factor, failed, open, last_failure)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])`,
};
const insertAttempts: Statement = {
  name: "insert_attempts",
  text: `INSERT INTO attempts (id, subject, factor, client, begin_time, expire_time, outcome, result)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])`,
};
const redateAttempts: Statement = {
  name: "redate_attempts",
  text: `UPDATE attempts SET begin_time = d.begin_time, expire_time = d.expire_time
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS d (id, begin_time, expire_time) WHERE attempts.id = d.id`,
};
const voidAttempts: Statement = {
  name: "void_attempts",
  text: "UPDATE attempts SET outcome = $1, result = $2, client = NULL WHERE outcome IS NULL AND subject = ANY ($3::bigint[])",
};
const closeAttempts: Statement = {
  name: "close_attempts",
  // The client was for its event: what is kept for long is small.
  text: `UPDATE attempts SET outcome = c.outcome, result = c.result, client = NULL
    FROM unnest($1::text[], $2::text[], $3::text[]) AS c (id, outcome, result) WHERE attempts.id = c.id`,
};
const removeAliases: Statement = {
  name: "remove_aliases",
  text: "DELETE FROM aliases WHERE subject = ANY ($1::bigint[])",
};
const insertAliases: Statement = {
  name: "insert_aliases",
  text: `INSERT INTO aliases (org_id, folded, name, subject, place)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])`,
};
const putPolicies: Statement = {
  name: "put_policies",
  text: `INSERT INTO policies (owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_date,
      change_date)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    ON CONFLICT (owner_kind, resource_owner) DO UPDATE SET max_password_attempts = excluded.max_password_attempts,
      max_otp_attempts = excluded.max_otp_attempts, sequence = excluded.sequence,
      creation_date = excluded.creation_date, change_date = excluded.change_date`,
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
// The heads of the logs are locked last, the users' after the names', and until the commit.
const appendTo = (table: string, head: string): Statement => ({
  name: `append_${table}`,
  text: `WITH head AS (UPDATE ${head} SET position = position + $1::bigint RETURNING position)
    INSERT INTO ${table} (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload)
    SELECT head.position - $1::bigint + e.place, e.aggregate_type, e.aggregate_id, e.resource_owner, e.sequence, e.type,
      e.editor, e.creation_date, e.payload
    FROM head, unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[])
      WITH ORDINALITY
      AS e (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload, place)
    RETURNING position`,
});
const appendNameEvents = appendTo("name_events", "name_log_head");
const appendEvents = appendTo("events", "log_head");
/** Tells other nodes of new events. */
export const notify: Statement = {
  name: "notify",
  text: `SELECT pg_notify('${channel}', '')`,
};

const stepUserCounts: Statement = {
  name: "step_user_counts",
  text: `INSERT INTO user_counts (org_id, count) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (org_id) DO UPDATE SET count = user_counts.count + excluded.count
    RETURNING org_id, count`,
};

type Statements = (readonly [Statement, ...Value[]])[];

/**
 * Writes what the commands of a batch have changed and commits, all in one round trip. Throws StoreUnavailableError where the
 * commit's end is not known.
 *
 * @param notifies whether other nodes are told by NOTIFY
 */
export async function writeAndCommit(
  { send }: Connection,
  workspace: Workspace,
  notifies: boolean,
): Promise<void> {
  const statements: Statements = [];
  writeSubjects(statements, workspace);
  writeCounters(statements, workspace);
  writeAttempts(statements, workspace);
  writeAliases(statements, workspace);
  writePolicies(statements, workspace);
  const counted = statements.length;
  const isCounted = writeUserCounts(statements, workspace);
  writeEvents(statements, appendNameEvents, workspace.nameEvents.pending);
  const events = workspace.events.pending;
  const appended = statements.length;
  writeEvents(statements, appendEvents, events);
  if (statements.length === 0) {
    await send([rollback]);
    return;
  }
  // Also of names, whose attempts nobody waits for: the time that it takes must not tell who exists.
  const isRecorded =
    events.length > 0 || workspace.nameEvents.pending.length > 0;
  if (isRecorded && notifies) statements.push([notify]);
  const results = await send(...statements, [commit]);
  if (results.at(-1)?.command !== "COMMIT")
    throw new StoreUnavailableError("the transaction was not committed");
  if (isCounted)
    workspace.userCounts = (results[counted]?.rows ?? []).map((row) => ({
      orgId: row["org_id"] as string,
      count: Number(row["count"]),
    }));
  if (events.length === 0) return;
  const positions = (results[appended]?.rows ?? []).map((row) =>
    Number(row["position"]),
  );
  const first = Math.min(...positions);
  for (const [place, event] of events.entries()) event.position = first + place;
}

function writeEvents(
  statements: Statements,
  append: Statement,
  events: readonly PendingEvent[],
): void {
  if (events.length === 0) return;
  statements.push([
    append,
    events.length,
    events.map(({ aggregateType }) => aggregateType),
    events.map(({ aggregateId }) => aggregateId),
    events.map(({ resourceOwner }) => resourceOwner),
    events.map(({ sequence }) => sequence),
    events.map(({ type }) => type),
    events.map(({ editor }) => editor),
    events.map(({ creationDate }) => creationDate),
    events.map(({ payload }) =>
      payload === undefined ? null : JSON.stringify(payload),
    ),
  ]);
}

function writeSubjects(statements: Statements, workspace: Workspace): void {
  const entries = [...workspace.subjectEntries.values()];
  const removed = entries.filter(({ change }) => change === "removed");
  if (removed.length > 0) {
    const keys = removed.map(({ stored }) => stored.key);
    statements.push([removeOpenAttempts, keys], [removeSubjects, keys]);
  }
  const sequenceOf = ({ stored }: SubjectEntry) =>
    workspace.logOf(stored).sequenceOf(aggregateOf(stored));
  // Nodes that create the same subjects meet at the same one first.
  const created = entries
    .filter(({ change }) => change === "new")
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (created.length > 0) {
    statements.push([
      insertSubjects,
      created.map(({ stored }) => stored.key),
      created.map(({ stored }) => stored.orgId),
      created.map(({ stored }) => stored.userId ?? null),
      created.map(({ hash }) => hash ?? null),
      created.map(({ stored }) => stored.account),
      created.map(({ stored }) => stored.lock?.reason ?? null),
      created.map(({ stored }) => stored.lock?.time ?? null),
      created.map(({ stored }) => stored.lock?.by ?? null),
      created.map(sequenceOf),
    ]);
  }
  const isAppended = (entry: SubjectEntry) =>
    entry.sequence !== sequenceOf(entry);
  const updated = entries.filter(
    (entry) =>
      entry.change === "updated" ||
      (entry.change === "none" && isAppended(entry)),
  );
  if (updated.length > 0) {
    statements.push([
      updateSubjects,
      updated.map(({ stored }) => stored.key),
      updated.map(({ stored }) => stored.account),
      updated.map(({ stored }) => stored.lock?.reason ?? null),
      updated.map(({ stored }) => stored.lock?.time ?? null),
      updated.map(({ stored }) => stored.lock?.by ?? null),
      updated.map(sequenceOf),
    ]);
  }
}

/** Says whether there was anything to count. Everybody locks the rows in one order. */
function writeUserCounts(
  statements: Statements,
  { subjectEntries }: Workspace,
): boolean {
  const steps = new Map<string, number>();
  for (const { stored, change } of subjectEntries.values()) {
    if (stored.userId === undefined) continue;
    const step = change === "new" ? 1 : change === "removed" ? -1 : 0;
    if (step !== 0)
      steps.set(stored.orgId, (steps.get(stored.orgId) ?? 0) + step);
  }
  if (steps.size === 0) return false;
  const sorted = [...steps].sort(([a], [b]) => (a < b ? -1 : 1));
  statements.push([
    stepUserCounts,
    sorted.map(([orgId]) => orgId),
    sorted.map(([, step]) => step),
  ]);
  return true;
}

function sortKey({ stored, hash }: SubjectEntry): string {
  const own = stored.userId ?? Buffer.from(hash ?? []).toString("hex");
  return `${stored.orgId}\n${hash === undefined ? "user" : "name"}\n${own}`;
}

function writeCounters(
  statements: Statements,
  { counterEntries, subjectEntries }: Workspace,
): void {
  const changed = [...counterEntries.values()].filter(
    ({ changed, subject }) =>
      changed && subjectEntries.get(subject)?.change !== "removed",
  );
  const stepped = changed.filter(({ stored }) => stored);
  if (stepped.length > 0) {
    statements.push([
      stepCounters,
      stepped.map(({ subject }) => subject),
      stepped.map(({ factor }) => factor),
      stepped.map(({ cleared }) => cleared),
      stepped.map(({ failed }) => failed),
      stepped.map(({ open }) => open),
      stepped.map(({ lastFailure }) => lastFailure ?? null),
    ]);
  }
  const created = changed.filter(
    ({ stored, counter }) =>
      !stored &&
      (counter.failed !== 0 ||
        counter.open !== 0 ||
        counter.lastFailure !== undefined),
  );
  if (created.length > 0) {
    statements.push([
      insertCounters,
      created.map(({ subject }) => subject),
      created.map(({ factor }) => factor),
      created.map(({ counter }) => counter.failed),
      created.map(({ counter }) => counter.open),
      created.map(({ counter }) => counter.lastFailure ?? null),
    ]);
  }
}

function writeAttempts(
  statements: Statements,
  { attemptEntries, voidedSubjects }: Workspace,
): void {
  const entries = [...attemptEntries.values()];
  // First: what was opened in this batch after the others became void stays open, and what was closed before keeps its outcome.
  if (voidedSubjects.size > 0) {
    const [outcome, result] = closedColumns({ outcome: "void" });
    const subjects = [...voidedSubjects.keys()];
    statements.push([voidAttempts, outcome, result, subjects]);
  }
  const opened = entries
    .filter(({ change }) => change === "new")
    .map(({ attempt }) => attempt);
  if (opened.length > 0) {
    const closed = opened.map(({ closed }) => closed && closedColumns(closed));
    statements.push([
      insertAttempts,
      opened.map(({ id }) => id),
      opened.map(({ subject }) => subject),
      opened.map(({ factor }) => factor),
      opened.map(({ client }) => clientColumn(client)),
      opened.map(({ beginTime }) => beginTime),
      opened.map(({ expireTime }) => expireTime),
      closed.map((columns) => columns?.[0] ?? null),
      closed.map((columns) => columns?.[1] ?? null),
    ]);
  }
  const closed = entries.flatMap(({ attempt, change }) =>
    change === "closed" && attempt.closed !== undefined
      ? [{ id: attempt.id, columns: closedColumns(attempt.closed) }]
      : [],
  );
  if (closed.length > 0) {
    statements.push([
      closeAttempts,
      closed.map(({ id }) => id),
      closed.map(({ columns }) => columns[0]),
      closed.map(({ columns }) => columns[1]),
    ]);
  }
  const dated = entries
    .filter(({ change, isRedated }) => isRedated === true && change !== "new")
    .map(({ attempt }) => attempt);
  if (dated.length > 0) {
    statements.push([
      redateAttempts,
      dated.map(({ id }) => id),
      dated.map(({ beginTime }) => beginTime),
      dated.map(({ expireTime }) => expireTime),
    ]);
  }
}

function writeAliases(
  statements: Statements,
  { replacedAliases, subjectEntries }: Workspace,
): void {
  const replaced = [...replacedAliases].filter(
    ([subject]) => subjectEntries.get(subject)?.change !== "removed",
  );
  if (replaced.length === 0) return;
  statements.push([removeAliases, replaced.map(([subject]) => subject)]);
  const rows = replaced
    .flatMap(([subject, aliases]) =>
      aliases.map(({ name, folded }, place) => ({
        ...{ subject, name, folded, place },
        orgId: subjectEntries.get(subject)?.stored.orgId ?? "",
      })),
    )
    .sort((a, b) =>
      `${a.orgId}\n${a.folded}` < `${b.orgId}\n${b.folded}` ? -1 : 1,
    );
  if (rows.length === 0) return;
  statements.push([
    insertAliases,
    rows.map(({ orgId }) => orgId),
    rows.map(({ folded }) => folded),
    rows.map(({ name }) => name),
    rows.map(({ subject }) => subject),
    rows.map(({ place }) => place),
  ]);
}

function writePolicies(
  statements: Statements,
  { policies, events }: Workspace,
): void {
  const changed = [...policies.entries.values()].filter(
    ({ changed }) => changed,
  );
  if (changed.length === 0) return;
  const put = changed.flatMap(({ owner, policy }) =>
    policy === undefined ? [] : [{ owner, policy }],
  );
  if (put.length > 0) {
    statements.push([
      putPolicies,
      put.map(({ owner }) => owner.type),
      put.map(({ owner }) => owner.id),
      put.map(({ policy }) => policy.maxPasswordAttempts),
      put.map(({ policy }) => policy.maxOtpAttempts),
      put.map(({ policy }) => policy.sequence),
      put.map(({ policy }) => policy.creationDate),
      put.map(({ policy }) => policy.changeDate),
    ]);
  }
  const removed = changed.filter(({ policy }) => policy === undefined);
  if (removed.length > 0) {
    statements.push([
      removePolicies,
      removed.map(({ owner }) => owner.type),
      removed.map(({ owner }) => owner.id),
    ]);
  }
  statements.push([
    putPolicySequences,
    changed.map(({ owner }) => owner.type),
    changed.map(({ owner }) => owner.id),
    changed.map(({ owner }) => events.sequenceOf(policyAggregate(owner))),
  ]);
}
