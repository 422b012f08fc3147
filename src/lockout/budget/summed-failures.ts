/** Demands that add up failures, whoever causes them: strangers, and known devices. */
import { countGuesses } from "./guesses.ts";
import type { Limits } from "../policy/limits.ts";
import { longerLock } from "./remedy.ts";
import type { Remedy } from "./remedy.ts";
import type { Rules } from "../policy/rules.ts";

/** The failures of all known devices of a user, per factor, between two successes. */
function failuresOfDevices({ devices }: Rules): number {
  return 10 * devices.maxAttempts;
}

/** How many failures strangers may have, so that all together are no more; devices are switched off where they leave none. */
function roomFor(most: number, rules: Rules) {
  const room = most - failuresOfDevices(rules);
  return room > 0
    ? { room, withoutDevices: {} }
    : { room: most, withoutDevices: { devices: 0 } as const };
}

/** What must change, so that so many failures in a row at most come before a lock that stays; undefined where nothing must. */
export function remedyInRow(
  most: number,
  number: keyof Limits,
  limits: Limits,
  rules: Rules,
): Remedy | undefined {
  const limit = limits[number];
  const isNeverForgotten =
    rules.lockDurationMs === 0 && rules.observationWindowMs === 0;
  const inRow = Math.min(
    isNeverForgotten && limit > 0 ? limit : Infinity,
    rules.ceiling > 0 ? rules.ceiling : Infinity,
  );
  if (inRow + failuresOfDevices(rules) <= most) {
    return undefined;
  }
  const { room, withoutDevices } = roomFor(most, rules);
  if (inRow <= room) {
    return withoutDevices;
  }
  if (isNeverForgotten) {
    return { ...withoutDevices, [number]: room };
  }
  // A ceiling must not be below a limit.
  return {
    ...withoutDevices,
    ceiling: room,
    ...(limits.maxPasswordAttempts > room && { maxPasswordAttempts: room }),
    ...(limits.maxOtpAttempts > room && { maxOtpAttempts: room }),
  };
}

/** What must change, so that so many failures at most are within any time so long; undefined where nothing must. */
export function remedyWithin(
  { most, withinMs }: { readonly most: number; readonly withinMs: number },
  number: keyof Limits,
  limits: Limits,
  rules: Rules,
): Remedy | undefined {
  const limit = limits[number];
  const fits = (tried: number, room: number) =>
    hasAtMost(room, tried, rules, withinMs);
  if (fits(limit, most - failuresOfDevices(rules))) {
    return undefined;
  }
  const { room, withoutDevices } = roomFor(most, rules);
  if (fits(limit, room)) {
    return withoutDevices;
  }
  if (limit === 0 || limit > room) {
    const lower = highestThat((tried) => fits(tried, room), room);
    if (lower > 0) {
      return { ...withoutDevices, [number]: lower };
    }
  }
  // Even one failure at a time comes too often, or the limit can stay if locks and windows last longer.
  const kept = limit === 0 || limit > room ? 1 : limit;
  const cycleMs = wholeSeconds(withinMs / Math.floor(room / kept));
  return {
    ...withoutDevices,
    ...(kept !== limit && { [number]: kept }),
    ...(rules.lockDurationMs > 0 &&
      rules.lockDurationMs < cycleMs &&
      longerLock(cycleMs, rules)),
    ...(rules.observationWindowMs > 0 &&
      rules.observationWindowMs < cycleMs && { observationWindowMs: cycleMs }),
  };
}

/** Whether a stranger has at most so many guesses in any time so long. The first such time has most: locks get longer. */
export function hasAtMost(
  guesses: number,
  limit: number,
  rules: Rules,
  withinMs: number,
): boolean {
  const { most } = countGuesses(limit, rules, withinMs) ?? {};
  return most !== undefined && most <= guesses;
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}

/** The highest whole number up to a bound that fits, where all below one that fits do; 0 where 1 does not. */
function highestThat(fits: (tried: number) => boolean, bound: number): number {
  let lowest = 0;
  let highest = bound;
  while (lowest < highest) {
    const tried = Math.ceil((lowest + highest) / 2);
    if (fits(tried)) {
      lowest = tried;
    } else {
      highest = tried - 1;
    }
  }
  return lowest;
}
