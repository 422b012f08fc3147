import { median } from "../../bench/support/statistics.ts";
import type { ServerNeeds } from "./attack.ts";
import { bounds } from "./bounds.ts";
import type { ProbeResult, Sample } from "./probe.ts";

/** What was seen of a server while it was attacked. */
export interface Observation extends ProbeResult {
  readonly peakBytes: number;
  /** How the server ended, if it did. */
  readonly ended: string | undefined;
}

const mebibyte = 1024 ** 2;

/** What is over the {@link bounds}, in words. */
export function findExcess(
  { health, logins, peakBytes, ended }: Observation,
  idleLoginMs: number,
  memory: ServerNeeds["memory"],
): readonly string[] {
  const resident = memory?.bound ?? bounds.resident;
  const slowest = slowestSecond(logins);
  const faults: (string | false)[] = [
    ended !== undefined && `the server ${ended}`,
    peakBytes > resident * mebibyte && `more than ${resident} MiB resident`,
    worst(health) > bounds.healthMs && `health over ${bounds.healthMs} ms`,
    slowest > bounds.loginFactor * idleLoginMs &&
      `logins of a second at ${(slowest / idleLoginMs).toFixed(1)} times their idle time`,
    worst(logins) > bounds.loginMs && `a login over ${bounds.loginMs} ms`,
    describeFailures("health checks", health),
    describeFailures("logins", logins),
  ];
  return faults.filter((fault) => fault !== false);
}

function describeFailures(
  what: string,
  samples: readonly Sample[],
): string | false {
  const failed = samples.filter((sample) => sample.failed !== undefined);
  return (
    (failed.length > 0 || samples.length === 0) &&
    `${failed.length} of ${samples.length} ${what} failed (${failed[0]?.failed ?? "none was made"})`
  );
}

/** The longest time of all. */
export function worst(samples: readonly Sample[]): number {
  return samples.reduce((most, { ms }) => Math.max(most, ms), 0);
}

/** The median time of all. */
export function medianMs(samples: readonly Sample[]): number {
  return median(samples.map(({ ms }) => ms));
}

/** The median of the second whose median is the longest. */
export function slowestSecond(samples: readonly Sample[]): number {
  const seconds = Map.groupBy(samples, ({ at }) => Math.floor(at / 1000));
  // A second with few samples is the rest of one.
  const full = [...seconds.values()].filter(({ length }) => length >= 20);
  return Math.max(...(full.length > 0 ? full : [samples]).map(medianMs));
}
