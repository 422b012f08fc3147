import type { EventPayload } from "../lockout/event.ts";
import { factors } from "../lockout/factor.ts";
import type { Factor } from "../lockout/factor.ts";
import type { Limits } from "../lockout/policy.ts";
import {
  replayPolicyEvent,
  replayUserEvent,
  unseenUser,
} from "../lockout/replay.ts";
import type { ReplayedUser } from "../lockout/replay.ts";
import type { EventRow } from "./rows.ts";
import type { CheckReport } from "./store.ts";

/** Said of each database; further ones are only counted. */
const maxProblems = 100;

/** A policy as it is stored. */
export interface PolicyState {
  readonly owner_kind: string;
  readonly resource_owner: string;
  readonly max_password_attempts: number;
  readonly max_otp_attempts: number;
}

/** A user as it is stored. */
export interface SubjectState {
  readonly org_id: string;
  readonly user_id: string;
  readonly lock_time: number | null;
  /** Failures by factor; none where there is no counter. */
  readonly failed: ReadonlyMap<Factor, number>;
}

/** A counter that does not agree with the attempts that are open. */
export interface OpenMismatch {
  readonly subject: number;
  readonly factor: string;
  readonly open: number;
  readonly found: number;
}

/** What an event says that is checked. */
export type CheckedEvent = Pick<
  EventRow,
  | "position"
  | "aggregate_type"
  | "aggregate_id"
  | "resource_owner"
  | "sequence"
  | "type"
  | "payload"
>;

/**
 * Holds the present state against what the events come to: that the sequences of each aggregate have no gap, and that policies,
 * locks and counters are what the events say. An engine gives the rows of one moment: first all events, in the order of their
 * positions, then the rest.
 */
export class StateCheck {
  readonly #problems: string[] = [];
  readonly #registered: ReadonlyMap<string, number>;
  readonly #policies = new Map<string, Limits>();
  readonly #users = new Map<string, ReplayedUser>();
  readonly #sequences = new Map<string, number>();
  #count = 0;
  #events = 0;
  #userCount = 0;

  /** @param registered the positions since which the users that are there exist: organisation, id, position */
  constructor(registered: Iterable<readonly [string, string, number]>) {
    this.#registered = new Map(
      [...registered].map(([orgId, userId, since]) => [
        key(orgId, userId),
        since,
      ]),
    );
  }

  /** Notes a problem. */
  report(problem: string): void {
    this.#count += 1;
    if (this.#problems.length < maxProblems) this.#problems.push(problem);
  }

  /** What is empty, or copied in part, contradicts nothing, and is no installation all the same. */
  checkInstance(rows: readonly unknown[]): void {
    if (rows.length > 0) return;
    this.report(
      "there is no instance: the database is empty, or a copy that was broken off",
    );
  }

  addEvent(row: CheckedEvent): void {
    this.#events += 1;
    const {
      aggregate_type: type,
      aggregate_id: id,
      resource_owner: owner,
    } = row;
    const aggregate = key(type, owner, id);
    const expected = (this.#sequences.get(aggregate) ?? 0) + 1;
    if (row.sequence !== expected) {
      this.report(
        `event ${row.position}, of ${type} ${id}, has sequence ${row.sequence}, not ${expected}`,
      );
    }
    this.#sequences.set(aggregate, row.sequence);
    if (type === "user") {
      const user = key(owner, id);
      // A user who was deleted and came back starts anew; the events of before stay.
      if (row.position > (this.#registered.get(user) ?? Infinity)) {
        this.#users.set(
          user,
          replayUserEvent(this.#users.get(user) ?? unseenUser, row.type),
        );
      }
      return;
    }
    const limits = replayPolicyEvent(
      this.#policies.get(key(type, owner)),
      row.type,
      row.payload === null ? {} : (JSON.parse(row.payload) as EventPayload),
    );
    if (limits === undefined) this.#policies.delete(key(type, owner));
    else this.#policies.set(key(type, owner), limits);
  }

  checkPolicies(rows: readonly PolicyState[]): void {
    const seen = new Set<string>();
    for (const row of rows) {
      const { owner_kind: kind, resource_owner: owner } = row;
      const [password, otp] = [row.max_password_attempts, row.max_otp_attempts];
      seen.add(key(kind, owner));
      const limits = this.#policies.get(key(kind, owner));
      if (
        limits?.maxPasswordAttempts !== password ||
        limits.maxOtpAttempts !== otp
      ) {
        this.report(
          `the policy of ${kind} ${owner} is ${password}/${otp}, but its events come to ${limitsText(limits)}`,
        );
      }
    }
    for (const [owner, limits] of this.#policies) {
      if (!seen.has(owner)) {
        this.report(
          `the policy of ${owner.replace("\n", " ")} is missing: its events come to ${limitsText(limits)}`,
        );
      }
    }
  }

  checkUser(row: SubjectState): void {
    this.#userCount += 1;
    const { org_id: orgId, user_id: userId } = row;
    const user = this.#users.get(key(orgId, userId)) ?? unseenUser;
    const who = `user ${userId} of the organisation ${orgId}`;
    if (user.isLocked !== (row.lock_time !== null)) {
      this.report(
        `${who} is ${row.lock_time === null ? "not locked" : "locked"}, but the events say otherwise`,
      );
    }
    for (const factor of factors) {
      const counted = row.failed.get(factor) ?? 0;
      if (counted !== user.failed[factor]) {
        this.report(
          `${who} has ${counted} failures of ${factor}, but the events come to ${user.failed[factor]}`,
        );
      }
    }
  }

  checkOpenAttempts(mismatches: readonly OpenMismatch[]): void {
    for (const { subject, factor, open, found } of mismatches) {
      this.report(
        `subject ${subject} counts ${open} open attempts of ${factor}, but has ${found}`,
      );
    }
  }

  /** What was found. */
  result(): CheckReport {
    return {
      events: this.#events,
      users: this.#userCount,
      problems: this.#problems,
      count: this.#count,
    };
  }
}

/** Finds {@link OpenMismatch}, in the words of both engines. */
export const openMismatchSql = `SELECT * FROM (
  SELECT subject, factor, open,
    (SELECT count(*) FROM attempts
     WHERE attempts.subject = counters.subject AND attempts.factor = counters.factor
       AND attempts.outcome IS NULL) AS found
  FROM counters) AS counted WHERE open <> found`;

function key(...parts: readonly string[]): string {
  return parts.join("\n");
}

function limitsText(limits: Limits | undefined): string {
  return limits === undefined
    ? "none"
    : `${limits.maxPasswordAttempts}/${limits.maxOtpAttempts}`;
}
