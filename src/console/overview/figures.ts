import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ActivityInterval } from "../../../gen/lockout/v1/attempt_service_pb.js";

/** The figures that have a chart. */
export const figures = ["attempts", "failures", "locks"] as const;

/** One of {@link figures}. */
export type Figure = (typeof figures)[number];

/** What happened from a time on, until the next one. */
export type Interval = Readonly<{ timeMs: number } & Record<Figure, number>>;

/**
 * Reads an interval of the server. What was tried is what was compared, by an attempt or by a report, and what was refused. What nobody
 * completed failed too.
 */
export function toInterval({
  time,
  attempts,
  completed,
  locks,
}: ActivityInterval): Interval {
  return {
    timeMs: time === undefined ? 0 : timestampMs(time),
    attempts:
      sumOf(completed) + sumOf(attempts) - Number(attempts["proceed"] ?? 0n),
    failures: Number(
      (completed["failed"] ?? 0n) + (completed["expired"] ?? 0n),
    ),
    locks: Number(locks),
  };
}

function sumOf(counts: Readonly<Record<string, bigint>>): number {
  return Object.values(counts).reduce((sum, count) => sum + Number(count), 0);
}

/** The sum of a figure. */
export function totalOf(
  intervals: readonly Interval[],
  figure: Figure,
): number {
  return intervals.reduce((sum, interval) => sum + interval[figure], 0);
}

/** Puts so many intervals together, the last ones complete. */
export function grouped(
  intervals: readonly Interval[],
  size: number,
): readonly Interval[] {
  const groups: Interval[] = [];
  for (let end = intervals.length; end > 0; end -= size) {
    const group = intervals.slice(Math.max(0, end - size), end);
    groups.unshift({
      timeMs: group[0]?.timeMs ?? 0,
      attempts: totalOf(group, "attempts"),
      failures: totalOf(group, "failures"),
      locks: totalOf(group, "locks"),
    });
  }
  return groups;
}

/** How many failures an hour has usually: the middle one of the hours before the current one. */
export function usualFailures(hours: readonly Interval[]): number {
  const sorted = hours
    .slice(0, -1)
    .map(({ failures }) => failures)
    .sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** So many failures are few, however much more than usual they are. */
const fewFailures = 20;

/** How many times as many failures as usual there are; undefined where that is nothing to speak of. */
export function excessOf(failures: number, usual: number): number | undefined {
  const times = failures / Math.max(usual, 1);
  return failures > fewFailures && times >= 3 ? times : undefined;
}
