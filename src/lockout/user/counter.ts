/** Counters of failures: what time makes of them, and how many chances they leave. */
import { factors, limitOf } from "./factor.ts";
import type { Factor } from "./factor.ts";
import type { Limits } from "../policy/limits.ts";
import type { Rules } from "../policy/rules.ts";

/** How one factor of one user stands. */
export interface Counter {
  /** Failures since the counter started over last. */
  readonly failed: number;
  /** Attempts that were begun and neither completed nor expired: each holds one chance. */
  readonly open: number;
  readonly lastFailure: number | undefined;
  /** Failures since the last success, password change or unlock: no window and no end of a lock clears them. */
  readonly failedInRow: number;
  /** How many locks failures of this factor caused since. */
  readonly locksInRow: number;
}

/** A factor of which nothing was counted. */
export const zeroCounter: Counter = {
  ...{ failed: 0, open: 0, lastFailure: undefined },
  ...{ failedInRow: 0, locksInRow: 0 },
};

/** A step of a counter: relative, never a value that was read before (I2). */
export interface CounterStep {
  readonly factor: Factor;
  /** `clear` sets failures and locks to 0, also those in a row; a number is added to the failures. */
  readonly failed: number | "clear";
  /** The failures start over at 0 before that number is added; those in a row go on. */
  readonly startsOver?: boolean;
  /** Added to the failures in a row, where that is another number. */
  readonly failedInRow?: number;
  /** Added to the locks in a row. */
  readonly locks?: number;
  /** Added to the open attempts. */
  readonly open: number;
  /** When the last of the failures was, where that is not now: milliseconds since 1970 UTC. */
  readonly time?: number | undefined;
}

/** Whether the last failure is so long ago that the count starts over. */
export function isOutsideWindow(
  { lastFailure }: Counter,
  { observationWindowMs }: Rules,
  now: number,
): boolean {
  return (
    observationWindowMs > 0 &&
    lastFailure !== undefined &&
    now - lastFailure >= observationWindowMs
  );
}

/** The failures that count now. */
export function failedAt(counter: Counter, rules: Rules, now: number): number {
  return isOutsideWindow(counter, rules, now) ? 0 : counter.failed;
}

/**
 * The most attempts of one factor of one user that are open at once, whatever the limit. No user has so many logins at once, and all
 * of them are closed in one transaction when the user is unlocked, or when they expire together.
 */
export const maxOpen = 1000;

/**
 * How many attempts of a factor may be open at once: as many as failures are left to the limit and to the ceiling. At least one: after the
 * limit was lowered to the count or below, one more attempt is made, whose failure locks, as at ZITADEL. Never more than {@link maxOpen},
 * with a limit of 0 too.
 */
export function chancesOf(
  factor: Factor,
  counter: Counter,
  { limits, rules, now }: { limits: Limits; rules: Rules; now: number },
): number {
  const limit = limitOf(factor, limits);
  const { ceiling } = rules;
  const toLimit =
    limit === 0 ? Infinity : limit - failedAt(counter, rules, now);
  const toCeiling = ceiling === 0 ? Infinity : ceiling - counter.failedInRow;
  return Math.min(Math.max(Math.min(toLimit, toCeiling), 1), maxOpen);
}

/** Counters of a user, by factor. */
type Counters = Readonly<Record<Factor, Counter>>;

/** Gives back the chances that open attempts hold. */
export function release(counters: Counters): readonly CounterStep[] {
  return factors
    .filter((factor) => counters[factor].open > 0)
    .map((factor) => ({ factor, failed: 0, open: -counters[factor].open }));
}

/** All counters start anew, and open attempts become void. */
export function clearAll(counters: Counters): {
  readonly steps: readonly CounterStep[];
  readonly voidsOpen: true;
} {
  return {
    steps: [
      ...factors.map(
        (factor) => ({ factor, failed: "clear", open: 0 }) as const,
      ),
      ...release(counters),
    ],
    voidsOpen: true,
  };
}
