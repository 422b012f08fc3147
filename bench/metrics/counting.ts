/** What counting alone takes, without a server around it: on a busy machine the difference between two servers is less than the noise. */
import { Tally } from "../../src/store/meter.ts";
import { createLockoutMetrics } from "../../src/telemetry/metrics/lockout-metrics.ts";
import { createRequestMetrics } from "../../src/telemetry/metrics/request-metrics.ts";

const calls = 1_000_000;
/** The first ones compile. */
const repeats = 5;

/** Nanoseconds for what is counted of a read and of an attempt, begun and completed, each alone in its transaction. */
export function measureCounting(): {
  readonly read: number;
  readonly attempt: number;
} {
  const { meter } = createLockoutMetrics("sqlite", false);
  const rpcs = Array.from({ length: 60 }, (_, i) => `a.v1.Service/Method${i}`);
  const { ended } = createRequestMetrics({ rpcs, routes: [] });
  const requests = rpcs.map(
    (rpc) =>
      ({
        protocol: "grpc",
        ...{ method: "POST", status: 200, grpcStatus: 0 },
        ...{ code: undefined, durationMs: 0.7, rpc, route: undefined },
      }) as const,
  );
  const tally = new Tally(meter);
  const end = (i: number) => {
    const request = requests[i % requests.length];
    if (request !== undefined) {
      ended(request);
    }
  };
  const attempt = (i: number) => {
    tally.note(meter.attempt("300", "password", "proceed", true));
    tally.commit();
    meter.committed(0.002, 1);
    end(i);
    tally.note(meter.completed("300", "password", "succeeded"));
    tally.commit();
    meter.committed(0.002, 1);
    end(i + 1);
  };
  return { read: fastest(end), attempt: fastest(attempt) };
}

function fastest(work: (i: number) => void): number {
  let best = Infinity;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) {
      work(i);
    }
    best = Math.min(best, ((performance.now() - start) / calls) * 1e6);
  }
  return Math.round(best);
}
