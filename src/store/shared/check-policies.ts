import type { EventPayload } from "../../lockout/event.ts";
import type { Limits } from "../../lockout/policy.ts";
import { replayPolicyEvent } from "../../lockout/replay.ts";
import type { Problems } from "./problems.ts";

/** A policy as it is stored. */
export interface PolicyState {
  readonly owner_kind: string;
  readonly resource_owner: string;
  readonly max_password_attempts: number;
  readonly max_otp_attempts: number;
}

/** Holds the policies against what the events of their owners come to. */
export class PolicyCheck {
  readonly #problems: Problems;
  readonly #policies = new Map<string, Limits>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of an owner. */
  add(kind: string, owner: string, type: string, payload: EventPayload): void {
    const key = `${kind} ${owner}`;
    const limits = replayPolicyEvent(this.#policies.get(key), type, payload);
    if (limits === undefined) {
      this.#policies.delete(key);
    } else {
      this.#policies.set(key, limits);
    }
  }

  /** Compares, once all events were taken. */
  check(rows: readonly PolicyState[]): void {
    for (const row of rows) {
      const owner = `${row.owner_kind} ${row.resource_owner}`;
      const [password, otp] = [row.max_password_attempts, row.max_otp_attempts];
      const limits = this.#policies.get(owner);
      this.#policies.delete(owner);
      if (
        limits?.maxPasswordAttempts !== password ||
        limits.maxOtpAttempts !== otp
      ) {
        this.#problems.report(
          `the policy of ${owner} is ${password}/${otp}, but its events come to ${limitsText(limits)}`,
        );
      }
    }
    for (const [owner, limits] of this.#policies) {
      this.#problems.report(
        `the policy of ${owner} is missing: its events come to ${limitsText(limits)}`,
      );
    }
  }
}

function limitsText(limits: Limits | undefined): string {
  return limits === undefined
    ? "none"
    : `${limits.maxPasswordAttempts}/${limits.maxOtpAttempts}`;
}
