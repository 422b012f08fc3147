import { cpuSeconds } from "../support/cpu-time.ts";
import { peakBytes, resetPeak } from "../support/memory.ts";
import { median } from "../support/statistics.ts";
import type { Load, LoadResult } from "./load/load.ts";

export interface Measurement extends Omit<LoadResult, "requests"> {
  /** Microseconds of the server's CPU time, its own and the system's, for each request; undefined where the system does not say. */
  readonly cpuMicros: number | undefined;
  /** The most memory that the server had meanwhile, in bytes; undefined where the system does not say. */
  readonly peakBytes: number | undefined;
}

/** So many requests, or so many seconds of them, and what V8 optimises is optimised. */
const warm = { requests: 20_000, seconds: 15 };

/** Makes a load on a new server until it is as fast as it will be. */
export async function warmUp(load: Load): Promise<void> {
  let made = 0;
  for (
    let seconds = 0;
    made < warm.requests && seconds < warm.seconds;
    seconds += 1
  ) {
    made += (await load.run(1)).requests;
  }
}

/** Makes a load twice, for a third of the time to have the server busy, and then to measure it. Throws where it answers nothing. */
export async function measure(
  load: Load,
  pid: number,
  seconds: number,
): Promise<Measurement> {
  await load.run(Math.ceil(seconds / 3));
  resetPeak(pid);
  const before = cpuSeconds(pid);
  const { requests, ...result } = await load.run(seconds);
  const after = cpuSeconds(pid);
  if (requests === 0) {
    throw new Error(`nothing was answered within ${seconds} s: use --seconds`);
  }
  return {
    ...result,
    cpuMicros:
      before === undefined || after === undefined
        ? undefined
        : ((after - before) * 1e6) / requests,
    peakBytes: peakBytes(pid),
  };
}

/** The median of each figure. */
export function medians(found: readonly Measurement[]): Measurement {
  const of = (pick: (one: Measurement) => number) => median(found.map(pick));
  const ofKnown = (pick: (one: Measurement) => number | undefined) => {
    const known = found.flatMap((one) => pick(one) ?? []);
    return known.length === 0 ? undefined : median(known);
  };
  return {
    requestsPerSecond: of((one) => one.requestsPerSecond),
    p50Ms: of((one) => one.p50Ms),
    p99Ms: of((one) => one.p99Ms),
    cpuMicros: ofKnown((one) => one.cpuMicros),
    peakBytes: ofKnown((one) => one.peakBytes),
  };
}
