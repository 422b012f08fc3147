/**
 * How many secrets of one factor a stranger can try, at his best. He tries in cycles: either up to the limit, and waits for the lock to end;
 * or up to one below, and waits for the window. Locks get longer and windows do not, so he takes locks first, if at all.
 */
import { lockRuns } from "../policy/lock-lengths.ts";
import type { LockRun } from "../policy/lock-lengths.ts";
import type { Rules } from "../policy/rules.ts";

/** The most guesses within a time, from counters at 0. */
export interface Guesses {
  /**
   * In whole cycles that begin within it: as many for each lock as the limit says, one less for each window. Who waits for windows keeps
   * doing so.
   */
  readonly inCycles: bigint;
  /** At most one more: whoever waited for windows can let the last guess of all lock the user. */
  readonly most: bigint;
}

/** The cycles that are over by a time. */
interface Cycles {
  readonly windows: number;
  readonly locks: number;
}

/**
 * Counts the guesses of a stranger at one factor while the owner stays away. It takes a few thousand steps at most, whatever the rules.
 *
 * @param limit of the factor; 0 never locks
 * @param periodMs whole, above 0
 * @returns undefined where nothing bounds them
 */
export function countGuesses(
  limit: number,
  rules: Rules,
  periodMs: number,
): Guesses | undefined {
  const { ceiling } = rules;
  if (limit === 0) {
    const most = BigInt(ceiling);
    return ceiling === 0 ? undefined : { inCycles: most, most };
  }
  const { inCycles, most } = withoutCeiling(limit, rules, periodMs);
  const atMost = (guesses: bigint) =>
    ceiling > 0 && guesses > ceiling ? BigInt(ceiling) : guesses;
  return { inCycles: atMost(inCycles), most: atMost(most) };
}

function withoutCeiling(
  limit: number,
  rules: Rules,
  periodMs: number,
): Guesses {
  // The guesses of a cycle come at its beginning. So the last one begins within the period at the latest, and need not end.
  const horizonMs = periodMs - 1;
  const runs = lockRuns(rules, horizonMs);
  const locks = runs.reduce((sum, run) => sum + run.locks, 0);
  const byLocks = guessesOf(limit, { windows: 0, locks: locks + 1 });
  const windowMs = rules.observationWindowMs;
  if (windowMs === 0 || limit === 1) {
    return { inCycles: byLocks, most: byLocks };
  }
  const before = bestCycles(limit, runs, windowMs, horizonMs)
    .map((cycles) => guessesOf(limit, cycles))
    .reduce((a, b) => (a > b ? a : b));
  const most = before + BigInt(limit);
  return { inCycles: byLocks > most - 1n ? byLocks : most - 1n, most };
}

function guessesOf(limit: number, { windows, locks }: Cycles): bigint {
  return BigInt(limit - 1) * BigInt(windows + locks) + BigInt(locks);
}

/**
 * The ways to fill a time with cycles, of which one has the most guesses.
 *
 * A lock has one guess more than a window. So of all ways with the same number of cycles the best has most locks; and to take locks for
 * windows pays while each gains a guess for less time than a window takes for each of its guesses. That leaves the number of cycles where
 * that stops, and the next one.
 */
function bestCycles(
  limit: number,
  runs: readonly LockRun[],
  windowMs: number,
  horizonMs: number,
): readonly Cycles[] {
  const worthwhile = runs.filter(
    // (limit − 1) / windowMs ≤ limit / lengthMs, by products that are whole numbers still where they decide.
    ({ lengthMs }) => limit * (lengthMs - windowMs) <= lengthMs,
  );
  const locks = worthwhile.reduce((sum, run) => sum + run.locks, 0);
  const lockedMs = worthwhile.reduce(
    (sum, run) => sum + run.locks * run.lengthMs,
    0,
  );
  const windows = Math.floor((horizonMs - lockedMs) / windowMs);
  const spareMs = horizonMs - lockedMs - windows * windowMs;
  const found = { windows, locks };
  return [
    withMoreLocks(found, runs.slice(worthwhile.length), windowMs, spareMs),
    withOneMoreCycle(found, worthwhile, windowMs, spareMs),
  ].filter((cycles) => cycles !== undefined);
}

/** Takes as many locks for windows as the time that is left allows. */
function withMoreLocks(
  { windows, locks }: Cycles,
  longer: readonly LockRun[],
  windowMs: number,
  spareMs: number,
): Cycles {
  let added = 0;
  let leftMs = spareMs;
  for (const run of longer) {
    const moreMs = run.lengthMs - windowMs;
    const fitting = Math.min(
      run.locks,
      windows - added,
      Math.floor(leftMs / moreMs),
    );
    added += fitting;
    leftMs -= fitting * moreMs;
    if (fitting < run.locks) {
      break;
    }
  }
  return { windows: windows - added, locks: locks + added };
}

/** Takes as few windows for locks, the longest first, as make room for one more window; undefined where that cannot be. */
function withOneMoreCycle(
  { windows, locks }: Cycles,
  worthwhile: readonly LockRun[],
  windowMs: number,
  spareMs: number,
): Cycles | undefined {
  let removed = 0;
  let lackingMs = windowMs - spareMs;
  for (const run of worthwhile.toReversed()) {
    const lessMs = run.lengthMs - windowMs;
    if (lessMs <= 0) {
      return undefined;
    }
    const needed = Math.min(run.locks, Math.ceil(lackingMs / lessMs));
    removed += needed;
    lackingMs -= needed * lessMs;
    if (lackingMs <= 0) {
      return { windows: windows + removed + 1, locks: locks - removed };
    }
  }
  return undefined;
}
