import type { RecordedEvent } from "../../src/store/events.ts";
import { findDisorder } from "../support/event-log.ts";

/** How often something was done to one thing. */
interface Count {
  /** Answered with success. */
  done: number;
  /** Asked for, and answered with an error or not at all: it may have happened. */
  perhaps: number;
}

/** What the clients of a soak were told, to be held against the event log. */
export class Ledger {
  /** By the value that a policy was changed to: each is used once. */
  readonly policies = new Map<string, Count>();
  /** By user, then by the type of event. */
  readonly users = new Map<string, Count>();

  /** What was done to one thing, to be counted by the caller. */
  countOf(counts: Map<string, Count>, key: string): Count {
    const count = counts.get(key) ?? { done: 0, perhaps: 0 };
    counts.set(key, count);
    return count;
  }

  /** Does something and counts it. Throws what it throws. */
  async record<T>(
    counts: Map<string, Count>,
    key: string,
    action: () => Promise<T>,
  ): Promise<T> {
    const count = this.countOf(counts, key);
    count.perhaps += 1;
    const result = await action();
    count.perhaps -= 1;
    count.done += 1;
    return result;
  }

  /** What is lost, doubled, or out of order, in words. */
  verify(events: readonly RecordedEvent[]): readonly string[] {
    const policies = new Map<string, number>();
    const users = new Map<string, number>();
    for (const { type, aggregateId, payload } of events) {
      if (type === "instance.policy.lockout.changed") {
        add(policies, String(payload?.["maxPasswordAttempts"]));
      }
      add(users, userKey(aggregateId, type));
    }
    return [
      ...findDisorder(events),
      ...compare("policy", this.policies, policies),
      ...compare("user", this.users, users),
    ];
  }
}

export const userKey = (userId: string, type: string) => `${userId} ${type}`;

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function compare(
  name: string,
  told: ReadonlyMap<string, Count>,
  written: ReadonlyMap<string, number>,
): readonly string[] {
  return [...told].flatMap(([key, { done, perhaps }]) => {
    const count = written.get(key) ?? 0;
    if (count < done) {
      return [
        `lost: ${name} ${key} was acknowledged ${done} times, written ${count}`,
      ];
    }
    return count > done + perhaps
      ? [
          `doubled: ${name} ${key} was asked for ${done + perhaps} times, written ${count}`,
        ]
      : [];
  });
}
