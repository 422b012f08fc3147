import type { StormRules } from "../../src/lockout/policy/rules.ts";

/** What is told of storms: when one began, or was over. Milliseconds since 1970 UTC. */
export interface StormMoment {
  readonly what: "began" | "ended";
  readonly at: number;
}

/** What is to be told of storms until a moment, of all locks that there ever were: at each moment all are counted anew. */
export function stormsOf(
  locks: readonly number[],
  { maxLocks, windowMs }: StormRules,
  until: number,
): readonly StormMoment[] {
  const moments = new Set(locks.flatMap((time) => [time, time + windowMs]));
  const told: StormMoment[] = [];
  for (const at of [...moments].sort((a, b) => a - b)) {
    if (at > until) {
      break;
    }
    const count = locks.filter(
      (time) => time > at - windowMs && time <= at,
    ).length;
    const isUnderWay = told.at(-1)?.what === "began";
    if (!isUnderWay && count > maxLocks) {
      told.push({ what: "began", at });
    } else if (isUnderWay && count < maxLocks / 2) {
      told.push({ what: "ended", at });
    }
  }
  return told;
}
