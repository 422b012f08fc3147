/** Locks: what they close, how long they last, and when they end by themselves. */
import { factors } from "./factor.ts";
import type { Factor } from "./factor.ts";
import { lockLengthMs } from "../policy/lock-lengths.ts";
import type { Rules } from "../policy/rules.ts";

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

/** Locks by failures that close one factor each. */
export type FactorLocks = Readonly<Partial<Record<Factor, Lock>>>;

/** What is locked of a user: the user, some factors, or both. */
export interface Locks {
  readonly lock: Lock | undefined;
  /** Left out where there are none. */
  readonly factorLocks?: FactorLocks | undefined;
}

/** What a lock closes: all of a user, or one factor. */
export type Closed = "user" | Factor;

/** A lock and what it closes. */
export interface PlacedLock {
  readonly closes: Closed;
  readonly lock: Lock;
}

/** All locks of a user: the one that closes all first, then those of factors. */
export function placedLocks({
  lock,
  factorLocks = {},
}: Locks): readonly PlacedLock[] {
  const ofFactors = factors.flatMap((factor): readonly PlacedLock[] => {
    const own = factorLocks[factor];
    return own === undefined ? [] : [{ closes: factor, lock: own }];
  });
  return lock === undefined
    ? ofFactors
    : [{ closes: "user", lock }, ...ofFactors];
}

/** Whether a user is locked, or a factor is. */
export function isAnyLocked({ lock, factorLocks }: Locks): boolean {
  return lock !== undefined || factorLocks !== undefined;
}

/** The lock that closes a factor; of two, the one that lasts longer. */
export function closingLock(
  { lock, factorLocks }: Locks,
  factor: Factor,
): Lock | undefined {
  const own = factorLocks?.[factor];
  if (lock === undefined || own === undefined) {
    return lock ?? own;
  }
  return (own.endTime ?? Infinity) > (lock.endTime ?? Infinity) ? own : lock;
}

/** The lock that began last. */
export function latestLock(locks: Locks): Lock | undefined {
  return placedLocks(locks).reduce<Lock | undefined>(
    (latest, { lock }) =>
      latest === undefined || lock.time > latest.time ? lock : latest,
    undefined,
  );
}

/** With a lock more, or in the place of the one before. */
export function withLock<State extends Locks>(
  state: State,
  { closes, lock }: PlacedLock,
): State {
  return closes === "user"
    ? { ...state, lock }
    : { ...state, factorLocks: { ...state.factorLocks, [closes]: lock } };
}

/** Without the lock that closes this. */
export function withoutLock<State extends Locks>(
  state: State,
  closes: Closed,
): State {
  if (closes === "user") {
    return { ...state, lock: undefined };
  }
  const left = placedLocks({ ...state, lock: undefined }).filter(
    (placed) => placed.closes !== closes,
  );
  return left.reduce(withLock, { ...state, factorLocks: undefined });
}

/** The lock that ended first of those that have ended by themselves. */
export function firstEnded(locks: Locks, now: number): PlacedLock | undefined {
  if (locks.factorLocks === undefined && !hasEnded(locks.lock, now)) {
    return undefined;
  }
  return placedLocks(locks)
    .filter(({ lock }) => hasEnded(lock, now))
    .sort((a, b) => (a.lock.endTime ?? 0) - (b.lock.endTime ?? 0))[0];
}

/** Without the locks that have ended by themselves, though no event says so yet. */
export function withoutEnded<State extends Locks>(
  state: State,
  now: number,
): State {
  const ended = firstEnded(state, now);
  return ended === undefined
    ? state
    : withoutEnded(withoutLock(state, ended.closes), now);
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
