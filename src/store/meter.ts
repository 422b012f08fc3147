/** What a store tells of itself, for metrics: each node of what it committed itself. */
import type { Decision } from "../lockout/attempt/attempt.ts";
import type { Factor } from "../lockout/user/factor.ts";
import type { LockReason } from "../lockout/user/lock.ts";
import type { ComparedOutcome } from "../lockout/user/user.ts";

/** Something that is counted. */
export interface Counted {
  /** Counts one more. */
  add(): void;
}

/** A call that waits for a commit. */
export interface WaitingCall {
  /** Its command was committed. @param start of the transaction, by `performance.now` @param commands that shared it */
  committed(start: number, commands: number): void;
}

/** Whether all of an account was locked or unlocked, or one of its factors. */
export type LockScope = "user" | "factor";

/**
 * Gives what is counted inside a transaction: it is counted when that was committed, and not at all where it was rolled back. No method may
 * throw, and none should take a microsecond.
 */
export interface StoreMeter {
  /** An attempt that somebody wanted to begin. @param isKnown whether it is a user's: a login name that leads to nobody is not */
  attempt(
    orgId: string,
    factor: Factor,
    decision: Decision,
    isKnown: boolean,
  ): Counted;
  /** A comparison whose outcome counts. */
  completed(orgId: string, factor: Factor, outcome: ComparedOutcome): Counted;
  locked(orgId: string, reason: LockReason, scope: LockScope): Counted;
  unlocked(
    orgId: string,
    reason: "expired" | "administrator",
    scope: LockScope,
  ): Counted;
  storm(orgId: string): Counted;
  /** Commands were committed together, which took so many seconds. */
  committed(seconds: number, commands: number): void;
  /** The call that asks for a command now, where calls want to know of their commits. */
  readonly currentCall?: () => WaitingCall | undefined;
}

const nothing: Counted = { add: () => undefined };

/** Where nobody wants to know. */
export const noMeter: StoreMeter = {
  attempt: () => nothing,
  completed: () => nothing,
  locked: () => nothing,
  unlocked: () => nothing,
  storm: () => nothing,
  committed: () => undefined,
};

/** Tells both. */
export function bothMeters(one: StoreMeter, other: StoreMeter): StoreMeter {
  const both = (first: Counted, second: Counted): Counted => ({
    add: () => {
      first.add();
      second.add();
    },
  });
  return {
    attempt: (...what) => both(one.attempt(...what), other.attempt(...what)),
    completed: (...what) =>
      both(one.completed(...what), other.completed(...what)),
    locked: (...what) => both(one.locked(...what), other.locked(...what)),
    unlocked: (...what) => both(one.unlocked(...what), other.unlocked(...what)),
    storm: (...what) => both(one.storm(...what), other.storm(...what)),
    committed: (...what) => {
      one.committed(...what);
      other.committed(...what);
    },
    ...(one.currentCall !== undefined && { currentCall: one.currentCall }),
  };
}

/** What is counted when a transaction is committed. */
export class Tally {
  readonly meter: StoreMeter;
  readonly #noted: Counted[] = [];

  constructor(meter: StoreMeter) {
    this.meter = meter;
  }

  note(counted: Counted): void {
    this.#noted.push(counted);
  }

  /** How much was noted, for {@link undo}. */
  get length(): number {
    return this.#noted.length;
  }

  /** Takes back what was noted since. */
  undo(length: number): void {
    this.#noted.length = length;
  }

  /** Counts what was noted. */
  commit(): void {
    for (const counted of this.#noted) {
      counted.add();
    }
    this.#noted.length = 0;
  }
}
