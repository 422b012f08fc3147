import {
  lockGrowthOf,
  maxLockDurationOf,
} from "../../src/lockout/policy/rules.ts";
import type { Rules } from "../../src/lockout/policy/rules.ts";

interface State {
  readonly now: number;
  readonly failed: number;
  readonly inRow: number;
  readonly locks: number;
  readonly lastFailure: number;
}

function lengthOf(rules: Rules, locks: number): number {
  return rules.lockDurationMs === 0
    ? Infinity
    : Math.min(
        Math.round(rules.lockDurationMs * lockGrowthOf(rules) ** (locks - 1)),
        maxLockDurationOf(rules),
      );
}

function remembered<Value>(compute: (key: string) => Value) {
  const known = new Map<string, Value>();
  return (key: string): Value => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

/**
 * The most guesses that fit before the end, found by trying at each millisecond whether to guess or to wait. It knows the rules as they are
 * written for one guess, and nothing of cycles.
 */
export function searchGuesses(
  limit: number,
  rules: Rules,
  endMs: number,
): number {
  const most = remembered((key: string): number => {
    const state = JSON.parse(key) as State;
    if (state.now >= endMs) {
      return 0;
    }
    const waited = most(JSON.stringify({ ...state, now: state.now + 1 }));
    return Math.max(waited, 1 + most(JSON.stringify(guess(state))));
  });
  const guess = (state: State): State => {
    const { observationWindowMs: windowMs, ceiling } = rules;
    const isForgotten =
      windowMs > 0 && state.now - state.lastFailure >= windowMs;
    const failed = (isForgotten ? 0 : state.failed) + 1;
    const inRow = state.inRow + 1;
    const next = { ...state, failed, inRow, lastFailure: state.now };
    if (ceiling > 0 && inRow >= ceiling) {
      return { ...next, now: endMs };
    }
    if (failed < limit) {
      return next;
    }
    const locks = state.locks + 1;
    const now = Math.min(endMs, state.now + lengthOf(rules, locks));
    return { ...next, failed: 0, locks, now };
  };
  const fresh = { now: 0, failed: 0, inRow: 0, locks: 0, lastFailure: -1e9 };
  return most(JSON.stringify(fresh));
}

/** The most guesses of cycles that begin before the end: each lock or window in turn, but no lock after a window. */
export function searchCycles(
  limit: number,
  rules: Rules,
  endMs: number,
): number {
  const { observationWindowMs: windowMs, ceiling } = rules;
  const search = (now: number, locks: number, hasWaited: boolean): number => {
    if (now >= endMs) {
      return 0;
    }
    const byLock = hasWaited
      ? 0
      : limit + search(now + lengthOf(rules, locks + 1), locks + 1, false);
    const byWindow =
      windowMs === 0 ? 0 : limit - 1 + search(now + windowMs, locks, true);
    return Math.max(byLock, byWindow);
  };
  const most = search(0, 0, false);
  return ceiling > 0 ? Math.min(ceiling, most) : most;
}
