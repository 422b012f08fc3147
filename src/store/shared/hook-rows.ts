/** Hooks, their retries and deliveries as every engine stores them, and the statements that read and write them. */
import type { DisableReason, HookPreset } from "../../lockout/hook.ts";
import type { AggregateType } from "../../lockout/events/event.ts";
import type {
  DeliveryOutcome,
  DeliveryRecord,
  HookOwner,
  HookRecord,
  HookRetry,
} from "../hooks.ts";

/** A statement whose values are `$1`, `$2` …, in the words of both engines. */
export interface HookStatement {
  /** Under which it is prepared. */
  readonly name: string;
  readonly text: string;
}

/** A row of {@link hookColumns}. */
interface HookRow {
  readonly id: string;
  readonly org_id: string;
  readonly url: string;
  readonly event_types: string;
  readonly presets: string;
  readonly secret: string;
  readonly old_secret: string | null;
  readonly old_secret_expiration: number | null;
  readonly disable_reason: DisableReason | null;
  readonly creation_date: number;
  readonly change_date: number;
  readonly since: number;
  readonly position: number;
  readonly last_success: number | null;
}

interface RetryRow {
  readonly aggregate_type: AggregateType;
  readonly resource_owner: string;
  readonly aggregate_id: string;
  readonly position: number;
  readonly attempts: number;
  readonly first_time: number;
  readonly next_time: number;
}

interface DeliveryRow {
  readonly id: string;
  readonly event_id: string;
  readonly position: number | null;
  readonly attempt: number;
  readonly time: number;
  readonly status: number;
  readonly error: string;
  readonly response: string;
  readonly next_time: number | null;
  readonly outcome: DeliveryOutcome;
}

/** A row, by its columns. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** The owner as it is stored. */
export function ownerColumn(owner: HookOwner): string {
  return owner ?? "";
}

/** Reads a row of a hook. */
export function toHook(found: AnyRow): HookRecord {
  const row = found as unknown as HookRow;
  const { old_secret: sealed, old_secret_expiration: expirationDate } = row;
  return {
    id: row.id,
    owner: row.org_id === "" ? undefined : row.org_id,
    url: row.url,
    eventTypes: JSON.parse(row.event_types) as readonly string[],
    presets: JSON.parse(row.presets) as readonly HookPreset[],
    sealedSecret: row.secret,
    oldSecret:
      sealed === null || expirationDate === null
        ? undefined
        : { sealed, expirationDate },
    disableReason: row.disable_reason ?? undefined,
    creationDate: row.creation_date,
    changeDate: row.change_date,
    since: row.since,
    position: row.position,
    lastSuccess: row.last_success ?? undefined,
  };
}

/** Reads a row of what waits. */
export function toRetry(found: AnyRow): HookRetry {
  const row = found as unknown as RetryRow;
  return {
    aggregateType: row.aggregate_type,
    resourceOwner: row.resource_owner,
    aggregateId: row.aggregate_id,
    position: row.position,
    attempts: row.attempts,
    firstTime: row.first_time,
    nextTime: row.next_time,
  };
}

/** Reads a row of a delivery. */
export function toDelivery(found: AnyRow): DeliveryRecord {
  const row = found as unknown as DeliveryRow;
  return {
    id: row.id,
    eventId: row.event_id,
    position: row.position ?? undefined,
    attempt: row.attempt,
    time: row.time,
    status: row.status,
    error: row.error,
    response: row.response,
    nextTime: row.next_time ?? undefined,
    outcome: row.outcome,
  };
}

/** The columns of {@link toHook}. */
const hookColumns =
  "id, org_id, url, event_types, presets, secret, old_secret, old_secret_expiration, disable_reason, creation_date, change_date, since, position, last_success";
const deliveryColumns =
  "id, event_id, position, attempt, time, status, error, response, next_time, outcome";
const integer = (value: string) => `CAST(${value} AS BIGINT)`;
const text = (value: string) => `CAST(${value} AS TEXT)`;

/** The statements. */
export const hookStatements = {
  find: {
    name: "find_hook",
    text: `SELECT ${hookColumns} FROM hooks WHERE id = $1`,
  },
  count: {
    name: "count_hooks",
    text: "SELECT count(*) AS count FROM hooks WHERE org_id = $1",
  },
  insert: {
    name: "insert_hook",
    text: `INSERT INTO hooks (id, org_id, url, event_types, presets, secret, creation_date, change_date, since, position)
      VALUES ($1, $2, $3, $4, $5, $6, ${integer("$7")}, ${integer("$7")}, ${integer("$8")}, ${integer("$8")})
      ON CONFLICT (id) DO NOTHING RETURNING id`,
  },
  // Who has begun anew is at the beginning; else sending goes on meanwhile.
  update: {
    name: "update_hook",
    text: `UPDATE hooks SET url = $2, event_types = $3, presets = $4, secret = $5, old_secret = $6, old_secret_expiration = $7,
        disable_reason = $8, change_date = $9, since = ${integer("$10")},
        position = CASE WHEN since = ${integer("$10")} THEN position ELSE ${integer("$10")} END
      WHERE id = $1`,
  },
  remove: { name: "remove_hook", text: "DELETE FROM hooks WHERE id = $1" },
  list: {
    name: "list_hooks",
    text: `SELECT ${hookColumns} FROM hooks WHERE org_id = $1 AND (creation_date, id) > (${integer("$2")}, ${text("$3")})
      ORDER BY creation_date, id LIMIT $4`,
  },
  listSending: {
    name: "list_sending_hooks",
    text: `SELECT ${hookColumns}, CASE WHEN EXISTS (SELECT 1 FROM hook_retries WHERE hook_id = hooks.id) THEN 1 ELSE 0 END AS has_retries
      FROM hooks WHERE id > $1 AND disable_reason IS NULL ORDER BY id LIMIT $2`,
  },
  progress: {
    name: "write_hook_progress",
    text: `UPDATE hooks SET position = ${integer("$3")}, last_success = coalesce(${integer("$4")}, last_success)
      WHERE id = $1 AND since = ${integer("$2")} AND disable_reason IS NULL`,
  },
  forgetRetries: {
    name: "forget_hook_retries",
    text: "DELETE FROM hook_retries WHERE hook_id = $1",
  },
  listRetries: {
    name: "list_hook_retries",
    text: `SELECT aggregate_type, resource_owner, aggregate_id, position, attempts, first_time, next_time
      FROM hook_retries WHERE hook_id = $1`,
  },
  putRetry: {
    name: "put_hook_retry",
    text: `INSERT INTO hook_retries (hook_id, aggregate_type, resource_owner, aggregate_id, position, attempts, first_time, next_time)
      SELECT id, ${text("$3")}, ${text("$4")}, ${text("$5")}, ${["$6", "$7", "$8", "$9"].map(integer).join(", ")}
      FROM hooks WHERE id = $1 AND since = ${integer("$2")} AND disable_reason IS NULL
      ON CONFLICT (hook_id, aggregate_type, resource_owner, aggregate_id) DO UPDATE SET position = excluded.position,
        attempts = excluded.attempts, first_time = excluded.first_time, next_time = excluded.next_time`,
  },
  removeRetry: {
    name: "remove_hook_retry",
    text: "DELETE FROM hook_retries WHERE hook_id = $1 AND aggregate_type = $2 AND resource_owner = $3 AND aggregate_id = $4",
  },
  insertDelivery: {
    name: "insert_hook_delivery",
    text: `INSERT INTO hook_deliveries (hook_id, id, event_id, position, attempt, time, status, error, response, next_time, outcome)
      SELECT id, ${text("$2")}, ${text("$3")}, ${["$4", "$5", "$6", "$7"].map(integer).join(", ")}, ${text("$8")}, ${text("$9")},
        ${integer("$10")}, ${text("$11")}
      FROM hooks WHERE id = $1 ON CONFLICT (hook_id, id) DO NOTHING RETURNING id`,
  },
  /** All but the newest. */
  trimDeliveries: {
    name: "trim_hook_deliveries",
    text: `DELETE FROM hook_deliveries WHERE hook_id = $1 AND id <= (
      SELECT id FROM hook_deliveries WHERE hook_id = $1 ORDER BY id DESC LIMIT 1 OFFSET ${integer("$2")})`,
  },
  pruneDeliveries: {
    name: "prune_hook_deliveries",
    text: `DELETE FROM hook_deliveries WHERE (hook_id, id) IN (
      SELECT hook_id, id FROM hook_deliveries WHERE time < ${integer("$1")} ORDER BY time LIMIT $2) RETURNING id`,
  },
  findDelivery: {
    name: "find_hook_delivery",
    text: `SELECT ${deliveryColumns} FROM hook_deliveries WHERE hook_id = $1 AND id = $2 AND time >= ${integer("$3")}`,
  },
  listDeliveries: {
    name: "list_hook_deliveries",
    text: `SELECT ${deliveryColumns} FROM hook_deliveries WHERE hook_id = $1 AND id < $2 AND time >= ${integer("$3")}
      ORDER BY id DESC LIMIT $4`,
  },
  lease: {
    name: "lease_sending",
    text: `INSERT INTO hook_sender (only_one, holder, lease_end) VALUES (1, $1, ${integer("$3")})
      ON CONFLICT (only_one) DO UPDATE SET holder = excluded.holder, lease_end = excluded.lease_end
      WHERE hook_sender.holder = excluded.holder OR hook_sender.lease_end <= ${integer("$2")} RETURNING position`,
  },
  findLease: {
    name: "find_sending_lease",
    text: "SELECT position FROM hook_sender WHERE holder = $1",
  },
  release: {
    name: "release_sending",
    text: "UPDATE hook_sender SET holder = '', lease_end = 0 WHERE holder = $1",
  },
  advance: {
    name: "advance_sending",
    text: `UPDATE hook_sender SET position = ${integer("$2")} WHERE holder = $1 RETURNING position`,
  },
} as const satisfies Readonly<Record<string, HookStatement>>;
