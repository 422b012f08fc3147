/** Locks: which ones failures cause, how long they last, and when they end by themselves. */
import type { Factor } from "./factor.ts";
import { lockLengthMs } from "./lock-lengths.ts";
import type { Rules } from "./rules.ts";

/** Why a user is locked. */
export type LockReason =
  "password_attempts" | "otp_attempts" | "administrator" | "ceiling";

/** Why a user is locked, and how long. */
export interface Lock {
  readonly reason: LockReason;
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
  /** The id of the caller whose call locked the user. */
  readonly by: string;
  /** When the lock ends by itself, in milliseconds since 1970 UTC: what the rules come to later does not change it. Undefined: when somebody unlocks. */
  readonly endTime?: number | undefined;
  /** Of the failures that locked; undefined for an administrator's lock, and for what an earlier version locked. */
  readonly factor?: Factor | undefined;
}

/** Whether a lock has ended by itself. */
export function hasEnded(lock: Lock | undefined, now: number): boolean {
  return lock?.endTime !== undefined && lock.endTime <= now;
}

/**
 * When a lock that failures cause now ends by itself; undefined where somebody has to unlock.
 *
 * @param inRow the how many-th lock of the factor in a row it is, from 1 on
 */
export function endOfLock(
  rules: Rules,
  inRow: number,
  now: number,
): number | undefined {
  const lengthMs = lockLengthMs(rules, inRow);
  return lengthMs === Infinity ? undefined : now + lengthMs;
}
