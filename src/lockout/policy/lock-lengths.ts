import { lockGrowthOf, maxLockDurationOf } from "./rules.ts";
import type { Rules } from "./rules.ts";

/**
 * How long a lock by failures lasts, in milliseconds: whole ones, so that an end can be stored and compared. Infinity where it lasts until
 * somebody unlocks.
 *
 * @param lockInRow from 1: of this factor, since its last success, its change or an unlock
 */
export function lockLengthMs(rules: Rules, lockInRow: number): number {
  if (rules.lockDurationMs === 0) {
    return Infinity;
  }
  // The power may be infinite, but not the maximum.
  const grown = rules.lockDurationMs * lockGrowthOf(rules) ** (lockInRow - 1);
  return Math.min(Math.round(grown), maxLockDurationOf(rules));
}

/** Locks in a row that last equally long. */
export interface LockRun {
  readonly lengthMs: number;
  readonly locks: number;
}

/**
 * So many lengths stand for themselves. Growth by less than about 1 % can have far more: such lengths are taken together, each for the
 * shortest of them, so that whoever counts guesses counts some too many, and none too few.
 */
const exactRuns = 1000;
const runsTogether = 1.02;

/**
 * The locks in a row of someone who is locked again at the end of each, as many as fit into the horizon: the last run has as many at least.
 * However short they are, and however little they grow, there are few runs.
 *
 * @returns none where a lock lasts until somebody unlocks, or longer than the horizon
 */
export function lockRuns(rules: Rules, horizonMs: number): readonly LockRun[] {
  const runs: LockRun[] = [];
  let first = 1;
  let leftMs = horizonMs;
  for (;;) {
    const lengthMs = lockLengthMs(rules, first);
    if (lengthMs > leftMs) {
      return runs;
    }
    const longerMs =
      runs.length < exactRuns
        ? lengthMs + 1
        : Math.ceil(lengthMs * runsTogether);
    const next = firstLockOf(rules, longerMs, first);
    const locks = Math.min(next - first, Math.floor(leftMs / lengthMs));
    runs.push({ lengthMs, locks });
    leftMs -= locks * lengthMs;
    first += locks;
  }
}

/** The first lock after another one that lasts at least so long; Infinity where none does. */
function firstLockOf(rules: Rules, lengthMs: number, after: number): number {
  const growth = lockGrowthOf(rules);
  if (growth === 1 || lengthMs > maxLockDurationOf(rules)) {
    return Infinity;
  }
  // By the logarithm, which may err by one for what is rounded.
  const grown = (lengthMs - 0.5) / rules.lockDurationMs;
  let lock = Math.max(
    after + 1,
    Math.ceil(Math.log(grown) / Math.log(growth)) + 1,
  );
  if (lockLengthMs(rules, lock) < lengthMs) {
    lock += 1;
  } else if (lock - 1 > after && lockLengthMs(rules, lock - 1) >= lengthMs) {
    lock -= 1;
  }
  return lock;
}
