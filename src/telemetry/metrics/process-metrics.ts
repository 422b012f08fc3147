import { readdirSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { GaugeFamily } from "./family.ts";
import type { Family, Sample } from "./family.ts";
import { HistogramFamily } from "./histogram.ts";

/** The metrics of the process, by the names that prom-client gave them, which dashboards know. */
export interface ProcessMetrics {
  readonly families: readonly Family[];
  /** Ends what is measured all the time. */
  stop(): void;
}

/** How often the event loop is looked at, in milliseconds. */
const resolutionMs = 20;

/** The kinds of garbage collection by `NODE_PERFORMANCE_GC_…`. */
const gcKinds: Readonly<Record<number, string>> = {
  ...{ 1: "minor", 4: "major", 8: "incremental", 16: "weakcb" },
};

/** Begins to measure the event loop and garbage collection. */
export function startProcessMetrics(): ProcessMetrics {
  const lag = monitorEventLoopDelay({ resolution: resolutionMs });
  lag.enable();
  const gc = new HistogramFamily(
    "nodejs_gc_duration_seconds",
    "How long garbage collections took.",
    [0.001, 0.01, 0.1, 1, 2, 5],
  );
  const byKind = new Map(
    Object.entries(gcKinds).map(([number, kind]) => [
      Number(number),
      gc.histogram({ kind }),
    ]),
  );
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as unknown as {
        readonly detail: { readonly kind: number };
      };
      byKind.get(detail.kind)?.observe(entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return {
    families: [...processFamilies(), ...loopFamilies(lag), gc],
    stop: () => {
      lag.disable();
      observer.disconnect();
    },
  };
}

function single(
  name: string,
  help: string,
  read: () => number | undefined,
  kind: "counter" | "gauge" = "gauge",
): Family {
  return new GaugeFamily(
    name,
    help,
    () => {
      const value = read();
      return value === undefined ? [] : [[{}, value]];
    },
    kind,
  );
}

function processFamilies(): Family[] {
  const startSeconds = Date.now() / 1000 - process.uptime();
  const { major, minor, patch } = versionParts();
  return [
    single(
      "process_cpu_user_seconds",
      "CPU time in the process itself.",
      () => process.cpuUsage().user / 1e6,
      "counter",
    ),
    single(
      "process_cpu_system_seconds",
      "CPU time in the system for the process.",
      () => process.cpuUsage().system / 1e6,
      "counter",
    ),
    single(
      "process_cpu_seconds",
      "CPU time of the process.",
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
      "counter",
    ),
    single(
      "process_start_time_seconds",
      "When the process started, in seconds since 1970 UTC.",
      () => startSeconds,
    ),
    single("process_resident_memory_bytes", "Resident memory.", () =>
      process.memoryUsage.rss(),
    ),
    single("process_open_fds", "Open file descriptors.", countDescriptors),
    single(
      "nodejs_heap_size_total_bytes",
      "Size of the heap.",
      () => process.memoryUsage().heapTotal,
    ),
    single(
      "nodejs_heap_size_used_bytes",
      "Used part of the heap.",
      () => process.memoryUsage().heapUsed,
    ),
    single(
      "nodejs_external_memory_bytes",
      "Memory outside of the heap that its objects hold.",
      () => process.memoryUsage().external,
    ),
    new GaugeFamily(
      "nodejs_heap_space_size_used_bytes",
      "Used part of each space of the heap.",
      () =>
        getHeapSpaceStatistics().map(
          ({ space_name, space_used_size }): Sample => [
            { space: space_name.replace(/_space$/, "") },
            space_used_size,
          ],
        ),
    ),
    new GaugeFamily(
      "nodejs_active_resources",
      "What may keep the event loop alive.",
      () => {
        const counts = Map.groupBy(
          process.getActiveResourcesInfo(),
          (type) => type,
        );
        return [...counts].map(([type, all]): Sample => [{ type }, all.length]);
      },
    ),
    new GaugeFamily("nodejs_version_info", "The version of Node.js.", () => [
      [{ version: process.version, major, minor, patch }, 1],
    ]),
  ];
}

/** How late the event loop was since the page was read last: the first of the families reads for all. */
function loopFamilies(lag: ReturnType<typeof monitorEventLoopDelay>): Family[] {
  let seen: readonly number[] = [];
  const look = () => {
    const { min, max, mean } = lag;
    const percentiles = [50, 90, 99].map((percent) => lag.percentile(percent));
    const values = [min, max, mean, ...percentiles];
    seen = values.map((nanoseconds) =>
      lag.count === 0 ? 0 : nanoseconds / 1e9,
    );
    lag.reset();
  };
  return ["min", "max", "mean", "p50", "p90", "p99"].map((name, index) =>
    single(
      `nodejs_eventloop_lag_${name}_seconds`,
      `How late the event loop was since the page was read last: ${name}.`,
      () => {
        if (index === 0) {
          look();
        }
        return seen[index] ?? 0;
      },
    ),
  );
}

function countDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // Not on this system.
    return undefined;
  }
}

function versionParts() {
  const [major = "", minor = "", patch = ""] = process.version
    .slice(1)
    .split(".");
  return { major, minor, patch };
}
