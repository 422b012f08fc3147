import { describe, expect, it, test } from "vitest";
import { factors } from "../../src/lockout/user/factor.ts";
import {
  CounterFamily,
  GaugeFamily,
} from "../../src/telemetry/metrics/family.ts";
import { HistogramFamily } from "../../src/telemetry/metrics/histogram.ts";
import { createLockoutMetrics } from "../../src/telemetry/metrics/lockout-metrics.ts";
import { formatOf, writePage } from "../../src/telemetry/metrics/page.ts";
import { createRequestMetrics } from "../../src/telemetry/metrics/request-metrics.ts";
import type { EndedRequest } from "../../src/telemetry/ended-request.ts";
import { readSamples } from "../support/metrics-page.ts";

async function textOf(
  ...[families, format = "prometheus"]: Readonly<
    [Parameters<typeof writePage>[0], Parameters<typeof writePage>[1]?]
  >
): Promise<string> {
  let page = "";
  for await (const piece of writePage(families, format)) {
    page += piece;
  }
  return page;
}

describe("the page", () => {
  const counter = new CounterFamily("c", "Counted.");
  counter.counter({ a: 'x"\\\ny', none: "" }).add();
  const histogram = new HistogramFamily("h", "Took.", [0.5, 1]);
  const series = histogram.histogram({ b: "1" });
  for (const value of [0.5, 0.75, 3]) {
    series.observe(value);
  }
  const gauge = new GaugeFamily("g", "Now.", () => [[{}, 7]]);
  const samples = `h_bucket{b="1",le="0.5"} 1
h_bucket{b="1",le="1.0"} 2
h_bucket{b="1",le="+Inf"} 3
h_sum{b="1"} 4.25
h_count{b="1"} 3
# HELP g Now.
# TYPE g gauge
g 7
`;

  it("is Prometheus' text", async () => {
    expect(await textOf([counter, histogram, gauge])).toBe(
      `# HELP c_total Counted.
# TYPE c_total counter
c_total{a="x\\"\\\\\\ny"} 1
# HELP h Took.
# TYPE h histogram
${samples}`,
    );
  });

  it("is OpenMetrics", async () => {
    expect(await textOf([counter, histogram, gauge], "openmetrics")).toBe(
      `# HELP c Counted.
# TYPE c counter
c_total{a="x\\"\\\\\\ny"} 1
# HELP h Took.
# TYPE h histogram
${samples}# EOF
`,
    );
  });
});

test.each([
  ["", "prometheus"],
  ["*/*", "prometheus"],
  ["text/plain", "prometheus"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain", "prometheus"],
  ["text/plain;q=0.3,Application/OpenMetrics-Text; q=0.4", "openmetrics"],
  ["application/openmetrics-text;q=0", "prometheus"],
  ["application/openmetrics-text;q=x", "prometheus"],
])("of Accept %j it is %s", (accept, format) => {
  expect(formatOf(accept)).toBe(format);
});

/** Sixty methods and as many routes, about as many as there are. */
const served = {
  rpcs: Array.from(
    { length: 60 },
    (_, i) => `zitadel.user.v2.UserService/Call${i}`,
  ),
  routes: Array.from(
    { length: 100 },
    (_, i) => ["POST", `/management/v1/users/{user_id}/call_${i}`] as const,
  ),
};
const call: EndedRequest = {
  ...{ method: "POST", protocol: "grpc", status: 200, grpcStatus: 0 },
  ...{ code: undefined, durationMs: 1, rpc: served.rpcs[0], route: undefined },
};

function orgs(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(3e17 + i * 1000));
}

test("ten thousand organisations are a page of less than a megabyte, and whatever a client sends makes it no longer", async () => {
  const { meter, families } = createLockoutMetrics("sqlite", false);
  const requests = createRequestMetrics(served);
  for (const orgId of orgs(10_000)) {
    meter.attempt(orgId, "password", "proceed", true).add();
    meter.locked(orgId, "password_attempts", "user").add();
  }
  const all = [...families, ...requests.families];
  for (const [i, rpc] of served.rpcs.entries()) {
    // Each with some errors.
    for (const grpcStatus of [0, 3, 16]) {
      requests.ended({ ...call, rpc, grpcStatus });
    }
    const [, route] = served.routes[i] ?? [];
    requests.ended({ ...call, protocol: "rest", route, status: 400 });
  }
  const page = await textOf(all);
  expect(page.length).toBeLessThan(1_000_000);
  expect(page).toContain(
    'lockoutd_locks_total{reason="password_attempts",scope="user"} 10000\n',
  );
  for (const text of ["a", "b", "c"]) {
    requests.ended({ ...call, rpc: text });
    requests.ended({ ...call, grpcStatus: text.charCodeAt(0) });
    requests.ended({ ...call, method: text, protocol: "http", route: text });
  }
  const more = readSamples(await textOf(all)).size - readSamples(page).size;
  // _OTHER of each, and UNKNOWN.
  expect(more).toBe(3 * 14);
});

test("a page for each of ten thousand organisations is made piece by piece", async () => {
  const { meter, families } = createLockoutMetrics("postgres", true);
  for (const orgId of orgs(10_000)) {
    for (const factor of factors) {
      meter.attempt(orgId, factor, "proceed", true).add();
    }
  }
  let longest = 0;
  for await (const piece of writePage(families, "prometheus")) {
    longest = Math.max(longest, piece.length);
  }
  expect(longest).toBeGreaterThan(64 * 1024);
  expect(longest).toBeLessThan(65 * 1024);
});
