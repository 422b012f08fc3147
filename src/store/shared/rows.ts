/** Rows as every engine stores them: the same columns, and the same texts in them. Integers are numbers, below 2^53. */
import type { Client, CompleteResult } from "../../lockout/user/comparison.ts";
import type { ClosedAttempt } from "../../lockout/attempt/attempt.ts";
import type {
  AggregateType,
  EventPayload,
  EventType,
} from "../../lockout/events/event.ts";
import type { Devices } from "../../lockout/user/devices.ts";
import type { Factor } from "../../lockout/user/factor.ts";
import type { FactorLocks, LockReason } from "../../lockout/user/lock.ts";
import type { AccountState } from "../../lockout/user/user-events.ts";
import type { Counter } from "../../lockout/user/counter.ts";
import type { Source } from "../../lockout/user/source.ts";
import type { UserState } from "../../lockout/user/user.ts";
import type { Org } from "../access.ts";
import type { RecordedEvent } from "../events.ts";
import { zeroCounters } from "../commands/tables.ts";
import type {
  Aggregate,
  CountersByFactor,
  SourceKey,
  StoredAttempt,
  StoredReport,
  StoredSubject,
} from "../commands/tables.ts";

/** A row of an organisation. */
export interface OrgRow {
  readonly id: string;
  readonly name: string;
  readonly creation_date: number;
}

/** Reads a row of an organisation. */
export const orgColumns = "id, name, creation_date";

/** Reads a row of {@link orgColumns}. */
export function toOrg(row: OrgRow): Org {
  return { id: row.id, name: row.name, creationDate: row.creation_date };
}

/** A row of an event. */
export interface EventRow {
  readonly position: number;
  readonly aggregate_type: AggregateType;
  readonly aggregate_id: string;
  readonly resource_owner: string;
  readonly sequence: number;
  readonly type: EventType;
  readonly editor: string;
  readonly creation_micros: number;
  readonly payload: string | null;
}

/** Reads a row of an event. */
export function toEvent(row: EventRow): RecordedEvent {
  return {
    position: row.position,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    resourceOwner: row.resource_owner,
    sequence: row.sequence,
    type: row.type,
    editor: row.editor,
    creationMicros: row.creation_micros,
    payload:
      row.payload === null
        ? undefined
        : (JSON.parse(row.payload) as EventPayload),
  };
}

/** Whose event a row is of. */
export function toAggregate(
  row: Pick<EventRow, "aggregate_type" | "aggregate_id" | "resource_owner">,
): Aggregate {
  return {
    type: row.aggregate_type,
    id: row.aggregate_id,
    resourceOwner: row.resource_owner,
  };
}

/** Finds the first or the last event of a user since the registration, or of an account, by the index of the aggregates. */
export function userEventSql(
  userId: string,
  orgId: string,
  order: "ASC" | "DESC",
): string {
  return `SELECT e.* FROM events e LEFT JOIN subjects s ON s.org_id = e.resource_owner AND s.user_id = e.aggregate_id
    WHERE e.aggregate_id = ${userId} AND e.aggregate_type = 'user' AND e.resource_owner = ${orgId}
      AND e.position > coalesce(s.since_position, 0)
    ORDER BY e.sequence ${order} LIMIT 1`;
}

/** A row of {@link subjectColumns}. */
export interface SubjectRow {
  readonly key: number;
  readonly org_id: string;
  readonly user_id: string | null;
  readonly account: AccountState;
  readonly lock_reason: LockReason | null;
  readonly lock_time: number | null;
  readonly lock_by: string | null;
  readonly lock_end: number | null;
  readonly lock_factor: Factor | null;
  /** Of a login name. */
  readonly name_hash: Uint8Array | null;
  readonly remembered_secrets: string | null;
  /** JSON: the locks of factors, by factor. */
  readonly factor_locks: string | null;
  readonly devices: string | null;
}

/** The columns of {@link toSubject}. */
export const subjectColumns =
  "key, org_id, user_id, account, lock_reason, lock_time, lock_by, lock_end, lock_factor, factor_locks, name_hash, remembered_secrets, devices";

/** Reads a row of {@link subjectColumns}. */
export function toSubject(row: SubjectRow): StoredSubject {
  const { lock_reason: reason, lock_time: time, lock_by: by } = row;
  return {
    key: row.key,
    orgId: row.org_id,
    userId: row.user_id ?? undefined,
    nameHash: row.name_hash ?? undefined,
    account: row.account,
    lock:
      reason === null || time === null || by === null
        ? undefined
        : {
            ...{ reason, time, by },
            endTime: row.lock_end ?? undefined,
            factor: row.lock_factor ?? undefined,
          },
    rememberedSecrets: row.remembered_secrets?.split(" "),
    ...(row.devices !== null && {
      devices: JSON.parse(row.devices) as Devices,
    }),
    ...(row.factor_locks !== null && {
      factorLocks: JSON.parse(row.factor_locks) as FactorLocks,
    }),
  };
}

/** The names of {@link StateColumns}. */
export const stateColumnNames = [
  ...["lock_reason", "lock_time", "lock_by", "lock_end", "lock_factor"],
  ...["factor_locks", "factor_lock_time", "factor_lock_end"],
  ...["remembered_secrets", "devices"],
];

/**
 * The columns of a state but for the account. Of the user's lock: why, when, by whom, until when, of which factor. Of those of factors: all of
 * them as JSON, when the last one began, and when the first one ends by itself. The secrets that are remembered. What is kept of devices, as JSON. All null where
 * there is none.
 */
export type StateColumns = [
  ...[reason: string | null, time: number | null, by: string | null],
  ...[end: number | null, factor: string | null],
  ...[factorLocks: string | null, factorTime: number | null],
  ...[factorEnd: number | null, rememberedSecrets: string | null],
  devices: string | null,
];

/** A state as it is stored. */
export function stateColumns({
  lock,
  factorLocks,
  rememberedSecrets,
  devices,
}: UserState): StateColumns {
  const ofFactors = Object.values(factorLocks ?? {});
  const ends = ofFactors.flatMap(({ endTime }) => endTime ?? []);
  return [
    ...([lock?.reason ?? null, lock?.time ?? null, lock?.by ?? null] as const),
    ...([lock?.endTime ?? null, lock?.factor ?? null] as const),
    factorLocks === undefined ? null : JSON.stringify(factorLocks),
    ofFactors.length === 0
      ? null
      : Math.max(...ofFactors.map(({ time }) => time)),
    ends.length === 0 ? null : Math.min(...ends),
    rememberedSecrets?.join(" ") ?? null,
    devices === undefined ? null : JSON.stringify(devices),
  ];
}

/** A row of a counter. */
export interface CounterRow {
  readonly factor: Factor;
  readonly failed: number;
  readonly open: number;
  readonly last_failure: number | null;
  readonly failed_in_row: number;
  readonly locks_in_row: number;
}

/** The columns of {@link CounterRow}. */
export const counterColumns =
  "factor, failed, open, last_failure, failed_in_row, locks_in_row";

/** The counters of one subject. */
export function toCounters(rows: readonly CounterRow[]): CountersByFactor {
  const counters: Record<Factor, Counter> = { ...zeroCounters };
  for (const row of rows) {
    counters[row.factor] = {
      ...{ failed: row.failed, open: row.open },
      lastFailure: row.last_failure ?? undefined,
      ...{ failedInRow: row.failed_in_row, locksInRow: row.locks_in_row },
    };
  }
  return counters;
}

/** A row of {@link attemptColumns}. */
export interface AttemptRow {
  readonly id: string;
  readonly subject: number;
  readonly factor: Factor;
  readonly client: string | null;
  /** Null where the version before began it. */
  readonly begin_time: number | null;
  readonly expire_time: number;
  readonly outcome: ClosedAttempt["outcome"] | null;
  readonly result: string | null;
  /** Null where it holds no device's chance. */
  readonly device: string | null;
  readonly device_generation: number;
}

/** The columns of {@link toAttempt}. */
export const attemptColumns =
  "id, subject, factor, client, begin_time, expire_time, outcome, result, device, device_generation";

/** Reads a row of {@link attemptColumns}. */
export function toAttempt(row: AttemptRow): StoredAttempt {
  return {
    id: row.id,
    subject: row.subject,
    factor: row.factor,
    client: row.client === null ? {} : (JSON.parse(row.client) as Client),
    beginTime: row.begin_time ?? Number.MIN_SAFE_INTEGER,
    expireTime: row.expire_time,
    ...(row.device !== null && { deviceId: row.device }),
    ...(row.device_generation > 0 && {
      deviceGeneration: row.device_generation,
    }),
    closed: toClosed(row),
  };
}

function toClosed({ outcome, result }: AttemptRow): ClosedAttempt | undefined {
  if (outcome === null || result === null) {
    return undefined;
  }
  return outcome === "void"
    ? { outcome }
    : { outcome, result: JSON.parse(result) as CompleteResult };
}

/** How an attempt was closed, as it is stored: outcome and result. A void one has a result too, since the schema asks for one. */
export function closedColumns(closed: ClosedAttempt): [string, string] {
  const result = closed.outcome === "void" ? {} : closed.result;
  return [closed.outcome, JSON.stringify(result)];
}

/** The client of an attempt as it is stored. */
export function clientColumn(client: Client): string | null {
  return Object.keys(client).length === 0 ? null : JSON.stringify(client);
}

/** A row of {@link sourceColumns}. */
export interface SourceRow {
  readonly key: SourceKey;
  readonly level: number;
  readonly level_time: number;
  readonly empty_time: number;
}

/** The columns of {@link toSource}. */
export const sourceColumns = "key, level, level_time, empty_time";

/** Reads a row of {@link sourceColumns}. */
export function toSource(row: SourceRow): Source {
  return {
    ...{ level: row.level, time: row.level_time },
    emptyTime: row.empty_time,
  };
}

/** A row of a report with a key. */
export interface ReportRow {
  readonly org_id: string;
  readonly key: string;
  readonly request: string;
  readonly report_time: number;
  readonly result: string;
}

/** The columns of {@link ReportRow}. */
export const reportColumns = "org_id, key, request, report_time, result";

/** Reads a row of {@link reportColumns}. */
export function toReport(row: ReportRow): StoredReport {
  return {
    ...{ orgId: row.org_id, key: row.key, request: row.request },
    time: row.report_time,
    result: JSON.parse(row.result) as CompleteResult,
  };
}
