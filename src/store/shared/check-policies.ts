import type { EventPayload } from "../../lockout/events/event.ts";
import type { Limits } from "../../lockout/policy/limits.ts";
import { replayPolicyEvent, replayRulesEvent } from "../../lockout/replay.ts";
import type { Rules } from "../../lockout/policy/rules.ts";
import { rulesText, toRules } from "./policy-rows.ts";
import type { Problems } from "./problems.ts";

/** A policy as it is stored. */
export interface PolicyState {
  readonly owner_kind: string;
  readonly resource_owner: string;
  readonly max_password_attempts: number;
  readonly max_otp_attempts: number;
  readonly creation_micros: number;
  readonly change_micros: number;
}

/** Rules as they are stored. */
export interface RulesState {
  readonly owner_kind: string;
  readonly resource_owner: string;
  readonly rules: string;
}

/** What the events of an owner come to. */
interface Replayed {
  readonly limits: Limits;
  /** The dates of the events that created the policy and that changed it last, in microseconds. */
  readonly created: number;
  readonly changed: number;
}

/** Compares the policies with the result of their owners' events. */
export class PolicyCheck {
  readonly #problems: Problems;
  readonly #policies = new Map<string, Replayed>();
  readonly #rules = new Map<string, Rules>();
  /** Who has ever had an observation window. */
  readonly #windows = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of an owner, and its date in microseconds. */
  add(
    kind: string,
    owner: string,
    type: string,
    payload: EventPayload,
    date: number,
  ): void {
    const key = `${kind} ${owner}`;
    const rules = replayRulesEvent(this.#rules.get(key), type, payload);
    if (rules === undefined) {
      this.#rules.delete(key);
    } else {
      this.#rules.set(key, rules);
      if (rules.observationWindowMs > 0) {
        this.#windows.add(kind === "instance" ? kind : owner);
      }
    }
    const before = this.#policies.get(key);
    const limits = replayPolicyEvent(before?.limits, type, payload);
    if (limits === undefined) {
      this.#policies.delete(key);
    } else if (limits !== before?.limits) {
      this.#policies.set(key, {
        ...{ limits, created: before?.created ?? date },
        changed: date,
      });
    }
  }

  /** Takes the removal of an organisation: it has no policy and no rules any more. */
  removeOrg(orgId: string): void {
    this.#policies.delete(`org ${orgId}`);
    this.#rules.delete(`org ${orgId}`);
  }

  /** Whether an observation window has ever held in an organisation, or might have. */
  hadWindow(orgId: string): boolean {
    return this.#windows.has(orgId) || this.#windows.has("instance");
  }

  /** Compares, once all events were taken. */
  check(rows: readonly PolicyState[]): void {
    for (const row of rows) {
      const owner = `${row.owner_kind} ${row.resource_owner}`;
      const [password, otp] = [row.max_password_attempts, row.max_otp_attempts];
      const replayed = this.#policies.get(owner);
      const limits = replayed?.limits;
      this.#policies.delete(owner);
      if (
        limits?.maxPasswordAttempts !== password ||
        limits.maxOtpAttempts !== otp
      ) {
        this.#problems.report(
          `the policy of ${owner} is ${password}/${otp}, but its events come to ${limitsText(limits)}`,
        );
      }
      const { creation_micros: created, change_micros: changed } = row;
      if (
        replayed !== undefined &&
        (created !== replayed.created || changed !== replayed.changed)
      ) {
        this.#problems.report(
          `the policy of ${owner} is dated ${created} and ${changed}, but its events ${replayed.created} and ${replayed.changed} (microseconds since 1970)`,
        );
      }
    }
    for (const [owner, { limits }] of this.#policies) {
      this.#problems.report(
        `the policy of ${owner} is missing: its events come to ${limitsText(limits)}`,
      );
    }
  }

  /** Compares the rules, once all events were taken. */
  checkRules(rows: readonly RulesState[]): void {
    for (const { owner_kind: kind, resource_owner: id, rules } of rows) {
      const owner = `${kind} ${id}`;
      const replayed = canonical(this.#rules.get(owner));
      this.#rules.delete(owner);
      const stored = canonical(toRules(rules));
      if (stored !== replayed) {
        this.#problems.report(
          `the rules of ${owner} are ${stored}, but the events come to ${replayed}`,
        );
      }
    }
    for (const [owner, rules] of this.#rules) {
      this.#problems.report(
        `the rules of ${owner} are missing: the events come to ${canonical(rules)}`,
      );
    }
  }
}

/** Rules in the one form that two of them are compared by. */
function canonical(rules: Rules | undefined): string {
  return rules === undefined ? "none" : rulesText(rules);
}

function limitsText(limits: Limits | undefined): string {
  return limits === undefined
    ? "none"
    : `${limits.maxPasswordAttempts}/${limits.maxOtpAttempts}`;
}
