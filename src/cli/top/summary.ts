import type { EventJson } from "../terminal/event-json.ts";
import { increases } from "./samples.ts";
import type { Sample, Samples } from "./samples.ts";

/** A page of metrics, and when it was read. */
export interface Look {
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
  readonly samples: Samples;
}

/** What `lockoutd top` shows, and prints with `--output json`. */
export interface Summary {
  /** RFC 3339. */
  readonly time: string;
  readonly attemptsPerSecond: Readonly<Record<Decision, number>>;
  readonly locksPerSecond: number;
  readonly lockedUsers: Readonly<Record<string, number>>;
  /** The slowest first. */
  readonly slowestCalls: readonly SlowCall[];
  /** Commands in a transaction, on average; 0 where there was none. */
  readonly batchSize: number;
  /** The newest first. */
  readonly events: readonly EventJson[];
}

/** A method or a route, and the time that 99 of 100 of its calls stay below. */
export interface SlowCall {
  readonly method: string;
  readonly p99Seconds: number;
}

const decisions = [
  ...["proceed", "locked", "busy"],
  ...["throttled", "inactive"],
] as const;
type Decision = "proceed" | "locked" | "busy" | "throttled" | "inactive";

/** So many calls are told of. */
const mostCalls = 10;

/** What happened between two looks. */
export function summarize(
  before: Look,
  after: Look,
  events: readonly EventJson[],
): Summary {
  const seconds = Math.max((after.time - before.time) / 1000, 0.001);
  const since = (name: string, label: string) =>
    increases(
      before.samples,
      after.samples,
      name,
      (labels) => labels[label] ?? "",
    );
  const attempts = since("lockoutd_attempts_total", "decision");
  const locks = since("lockoutd_locks_total", "none").get("") ?? 0;
  const commands = since("lockoutd_store_batch_size_sum", "none").get("") ?? 0;
  const commits = since("lockoutd_store_batch_size_count", "none").get("") ?? 0;
  return {
    time: new Date(after.time).toISOString(),
    attemptsPerSecond: Object.fromEntries(
      decisions.map((decision) => [
        decision,
        rounded((attempts.get(decision) ?? 0) / seconds),
      ]),
    ) as Summary["attemptsPerSecond"],
    locksPerSecond: rounded(locks / seconds),
    lockedUsers: lockedUsers(after.samples.get("lockoutd_locked_users") ?? []),
    slowestCalls: slowestCalls(before.samples, after.samples),
    batchSize: commits === 0 ? 0 : rounded(commands / commits),
    events,
  };
}

function lockedUsers(samples: readonly Sample[]): Summary["lockedUsers"] {
  const users: Record<string, number> = {};
  // With --metrics-per-org there is one for each organisation.
  for (const { labels, value } of samples) {
    const { reason = "" } = labels;
    users[reason] = (users[reason] ?? 0) + value;
  }
  return users;
}

function slowestCalls(before: Samples, after: Samples): readonly SlowCall[] {
  const calls = [
    ...p99s(
      before,
      after,
      "rpc_server_call_duration_seconds_bucket",
      ({ rpc_method: method = "" }) => method,
    ),
    ...p99s(
      before,
      after,
      "http_server_request_duration_seconds_bucket",
      ({ method = "", route = "" }) => `${method} ${route}`,
    ),
  ];
  return calls
    .filter(({ method }) => !/\/metrics$|\/Watch\w*$/.test(method))
    .sort((a, b) => b.p99Seconds - a.p99Seconds)
    .slice(0, mostCalls);
}

function p99s(
  before: Samples,
  after: Samples,
  name: string,
  methodOf: (labels: Sample["labels"]) => string,
): SlowCall[] {
  const buckets = increases(
    before,
    after,
    name,
    (labels) => `${labels["le"] ?? ""} ${methodOf(labels)}`,
  );
  const byMethod = Map.groupBy(buckets, ([key]) =>
    key.slice(key.indexOf(" ") + 1),
  );
  return [...byMethod].flatMap(([method, entries]) => {
    const counts = entries
      .map(([key, count]): readonly [number, number] => [
        bound(key.slice(0, key.indexOf(" "))),
        count,
      ])
      .sort(([a], [b]) => a - b);
    const p99 = quantile(0.99, counts);
    return p99 === undefined ? [] : [{ method, p99Seconds: rounded(p99) }];
  });
}

function bound(le: string): number {
  return le === "+Inf" ? Infinity : Number(le);
}

/** As Prometheus: evenly within a bucket; the highest bound for what is above it. */
function quantile(
  share: number,
  counts: readonly (readonly [bound: number, count: number])[],
): number | undefined {
  const total = counts.at(-1)?.[1] ?? 0;
  if (total === 0) {
    return undefined;
  }
  const rank = share * total;
  const index = counts.findIndex(([, count]) => count >= rank);
  const [end = 0, count = 0] = counts[index] ?? [];
  const [start = 0, below = 0] = counts[index - 1] ?? [];
  return end === Infinity
    ? start
    : start + ((end - start) * (rank - below)) / (count - below);
}

/** To four digits behind the point: what is beyond is noise. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
