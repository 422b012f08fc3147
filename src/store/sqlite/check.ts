import type { Database } from "better-sqlite3";
import type { Factor } from "../../lockout/factor.ts";
import { openMismatchSql, StateCheck } from "../state-check.ts";
import type {
  CheckedEvent,
  OpenMismatch,
  PolicyState,
} from "../state-check.ts";
import type { CheckReport } from "../store.ts";
import { openForReading } from "./read-only.ts";

/**
 * Verifies a database, also while it is served: the file itself, and the state against the events. It reads one
 * snapshot, so writers do not disturb it.
 */
export function checkSqlite(path: string): CheckReport {
  const database = openForReading(path);
  try {
    database.exec("BEGIN");
    const check = new StateCheck(
      database
        .prepare<[], [string, string, number]>(
          "SELECT org_id, user_id, since_position FROM subjects WHERE user_id IS NOT NULL",
        )
        .raw()
        .all(),
    );
    checkFile(database, check);
    check.checkInstance(database.prepare("SELECT id FROM instance").all());
    const events = database
      .prepare<[], CheckedEvent>(
        `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, payload
         FROM events ORDER BY position`,
      )
      .iterate();
    for (const event of events) check.addEvent(event);
    check.checkPolicies(
      database
        .prepare<[], PolicyState>(
          "SELECT owner_kind, resource_owner, max_password_attempts, max_otp_attempts FROM policies",
        )
        .all(),
    );
    checkUsers(database, check);
    checkNames(database, check);
    check.checkOpenAttempts(
      database.prepare<[], OpenMismatch>(openMismatchSql).all(),
    );
    return check.result();
  } finally {
    database.close();
  }
}

function checkFile(database: Database, check: StateCheck): void {
  const rows = database.pragma("integrity_check") as {
    integrity_check: string;
  }[];
  for (const { integrity_check: said } of rows) {
    if (said !== "ok") check.report(`the file is damaged: ${said}`);
  }
  const orphans = database.pragma("foreign_key_check") as { table: string }[];
  for (const { table } of orphans) {
    check.report(`a row of the table ${table} refers to one that is not there`);
  }
}

/** The number of names is counted, and by it they make room for others. */
function checkNames(database: Database, check: StateCheck): void {
  const rows = database
    .prepare<[], [string, number, number]>(
      `SELECT org_id, sum(counted), sum(found) FROM (
         SELECT org_id, count AS counted, 0 AS found FROM name_counts
         UNION ALL SELECT org_id, 0, count(*) FROM subjects WHERE name_hash IS NOT NULL GROUP BY org_id
         UNION ALL SELECT 'all organisations', count, (SELECT count(*) FROM subjects WHERE name_hash IS NOT NULL) FROM names
       ) GROUP BY org_id HAVING sum(counted) <> sum(found)`,
    )
    .raw()
    .all();
  for (const [orgId, counted, found] of rows) {
    check.report(
      `${counted} login names are counted of ${orgId}, but ${found} are kept`,
    );
  }
}

function checkUsers(database: Database, check: StateCheck): void {
  const counters = database
    .prepare<[number], [Factor, number]>(
      "SELECT factor, failed FROM counters WHERE subject = ?",
    )
    .raw();
  const rows = database
    .prepare<[], [number, string, string, number | null]>(
      "SELECT key, org_id, user_id, lock_time FROM subjects WHERE user_id IS NOT NULL",
    )
    .raw()
    .all();
  for (const [subject, orgId, userId, lockTime] of rows) {
    check.checkUser({
      ...{ org_id: orgId, user_id: userId, lock_time: lockTime },
      failed: new Map(counters.all(subject)),
    });
  }
}
