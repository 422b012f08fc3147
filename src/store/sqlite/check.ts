import type { Database } from "better-sqlite3";
import type { EventPayload } from "../../lockout/event.ts";
import { factors } from "../../lockout/factor.ts";
import type { Factor } from "../../lockout/factor.ts";
import type { Limits } from "../../lockout/policy.ts";
import {
  replayPolicyEvent,
  replayUserEvent,
  unseenUser,
} from "../../lockout/replay.ts";
import type { ReplayedUser } from "../../lockout/replay.ts";
import type { CheckReport } from "../store.ts";
import { openForReading } from "./read-only.ts";

/** Said of each database; further ones are only counted. */
const maxProblems = 100;

/**
 * Verifies a database, also while it is served: the file itself, that the sequences of each aggregate have no gap, and
 * that the current state is what the events come to. It reads one snapshot, so writers do not disturb it.
 */
export function checkSqlite(path: string): CheckReport {
  const database = openForReading(path);
  const problems: string[] = [];
  let count = 0;
  const report = (problem: string) => {
    count += 1;
    if (problems.length < maxProblems) problems.push(problem);
  };
  try {
    database.exec("BEGIN");
    checkFile(database, report);
    const aggregates = replay(database, report);
    checkPolicies(database, aggregates.policies, report);
    const users = checkUsers(database, aggregates.users, report);
    checkOpenAttempts(database, report);
    return { events: aggregates.events, users, problems, count };
  } finally {
    database.close();
  }
}

type Report = (problem: string) => void;

interface EventRow {
  readonly position: number;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly resource_owner: string;
  readonly sequence: number;
  readonly type: string;
  readonly payload: string | null;
}

/** What the events come to. */
interface Replayed {
  readonly events: number;
  /** By kind of owner and its id. */
  readonly policies: ReadonlyMap<string, Limits>;
  /** By organisation and id. */
  readonly users: ReadonlyMap<string, ReplayedUser>;
}

function checkFile(database: Database, report: Report): void {
  const rows = database.pragma("integrity_check") as {
    integrity_check: string;
  }[];
  for (const { integrity_check: said } of rows) {
    if (said !== "ok") report(`the file is damaged: ${said}`);
  }
  const orphans = database.pragma("foreign_key_check") as { table: string }[];
  for (const { table } of orphans) {
    report(`a row of the table ${table} refers to one that is not there`);
  }
}

function replay(database: Database, report: Report): Replayed {
  const policies = new Map<string, Limits>();
  const users = new Map<string, ReplayedUser>();
  const sequences = new Map<string, number>();
  // A user who was deleted and came back starts anew; the events of before stay.
  const registered = new Map(
    database
      .prepare<[], [string, string, number]>(
        "SELECT org_id, user_id, since_position FROM subjects WHERE user_id IS NOT NULL",
      )
      .raw()
      .all()
      .map(([orgId, userId, since]) => [key(orgId, userId), since]),
  );
  let events = 0;
  const rows = database
    .prepare<[], EventRow>(
      `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, payload
       FROM events ORDER BY position`,
    )
    .iterate();
  for (const row of rows) {
    events += 1;
    const aggregate = key(
      row.aggregate_type,
      row.resource_owner,
      row.aggregate_id,
    );
    const expected = (sequences.get(aggregate) ?? 0) + 1;
    if (row.sequence !== expected) {
      report(
        `event ${row.position}, of ${row.aggregate_type} ${row.aggregate_id}, has sequence ${row.sequence}, not ${expected}`,
      );
    }
    sequences.set(aggregate, row.sequence);
    if (row.aggregate_type === "user") {
      const user = key(row.resource_owner, row.aggregate_id);
      if (row.position > (registered.get(user) ?? Infinity)) {
        users.set(
          user,
          replayUserEvent(users.get(user) ?? unseenUser, row.type),
        );
      }
    } else {
      const owner = key(row.aggregate_type, row.resource_owner);
      const limits = replayPolicyEvent(
        policies.get(owner),
        row.type,
        row.payload === null ? {} : (JSON.parse(row.payload) as EventPayload),
      );
      if (limits === undefined) policies.delete(owner);
      else policies.set(owner, limits);
    }
  }
  return { events, policies, users };
}

function checkPolicies(
  database: Database,
  expected: Replayed["policies"],
  report: Report,
): void {
  const rows = database
    .prepare<[], [string, string, number, number]>(
      "SELECT owner_kind, resource_owner, max_password_attempts, max_otp_attempts FROM policies",
    )
    .raw()
    .all();
  const seen = new Set<string>();
  for (const [kind, owner, password, otp] of rows) {
    seen.add(key(kind, owner));
    const limits = expected.get(key(kind, owner));
    if (
      limits?.maxPasswordAttempts !== password ||
      limits.maxOtpAttempts !== otp
    ) {
      report(
        `the policy of ${kind} ${owner} is ${password}/${otp}, but its events come to ${limitsText(limits)}`,
      );
    }
  }
  for (const [owner, limits] of expected) {
    if (!seen.has(owner)) {
      report(
        `the policy of ${owner.replace("\n", " ")} is missing: its events come to ${limitsText(limits)}`,
      );
    }
  }
}

function checkUsers(
  database: Database,
  expected: Replayed["users"],
  report: Report,
): number {
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
    const user = expected.get(key(orgId, userId)) ?? unseenUser;
    const who = `user ${userId} of the organisation ${orgId}`;
    if (user.isLocked !== (lockTime !== null)) {
      report(
        `${who} is ${lockTime === null ? "not locked" : "locked"}, but the events say otherwise`,
      );
    }
    const failed = new Map(counters.all(subject));
    for (const factor of factors) {
      const counted = failed.get(factor) ?? 0;
      if (counted !== user.failed[factor]) {
        report(
          `${who} has ${counted} failures of ${factor}, but the events come to ${user.failed[factor]}`,
        );
      }
    }
  }
  return rows.length;
}

function checkOpenAttempts(database: Database, report: Report): void {
  const rows = database
    .prepare<[], [number, string, number, number]>(
      `SELECT subject, factor, open,
         (SELECT count(*) FROM attempts
          WHERE attempts.subject = counters.subject AND attempts.factor = counters.factor
            AND attempts.outcome IS NULL) AS found
       FROM counters WHERE open <> found`,
    )
    .raw()
    .all();
  for (const [subject, factor, counted, open] of rows) {
    report(
      `subject ${subject} counts ${counted} open attempts of ${factor}, but has ${open}`,
    );
  }
}

function key(...parts: readonly string[]): string {
  return parts.join("\n");
}

function limitsText(limits: Limits | undefined): string {
  return limits === undefined
    ? "none"
    : `${limits.maxPasswordAttempts}/${limits.maxOtpAttempts}`;
}
