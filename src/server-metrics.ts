import type { ServerConfig } from "./config.ts";
import { shareLook } from "./http/pages/shared-look.ts";
import type { MetricsText } from "./http/pages/metrics-pages.ts";
import { isPostgres } from "./store/open.ts";
import type { FigureStore } from "./store/figures.ts";
import type { StoreMeter } from "./store/meter.ts";
import { CounterFamily } from "./telemetry/metrics/family.ts";
import { createGauges } from "./telemetry/metrics/gauges.ts";
import type { GaugeSources } from "./telemetry/metrics/gauges.ts";
import { createHookMetrics } from "./telemetry/metrics/hook-metrics.ts";
import type { HookMetrics } from "./telemetry/metrics/hook-metrics.ts";
import { createLockoutMetrics } from "./telemetry/metrics/lockout-metrics.ts";
import { formatOf, mediaTypes, writePage } from "./telemetry/metrics/page.ts";
import { startProcessMetrics } from "./telemetry/metrics/process-metrics.ts";
import { createRequestMetrics } from "./telemetry/metrics/request-metrics.ts";
import type {
  RequestMetrics,
  ServedNames,
} from "./telemetry/metrics/request-metrics.ts";

/** For how long numbers of the whole installation are shared by all who ask for the page, in milliseconds. */
const figuresMs = 10_000;

/** What is told when the server is put together. */
export interface MetricsSources
  extends ServedNames, Pick<GaugeSources, "probeStore" | "openConnections"> {
  readonly store: FigureStore;
  /** Never goes back, in milliseconds. */
  readonly stopwatch: () => number;
}

/** The metrics of a server that is put together. */
export interface WatchedServer {
  readonly ended: RequestMetrics["ended"];
  /** Makes the page. */
  read(accept: string): Promise<MetricsText>;
  stop(): void;
}

/** The metrics of a server: first for its store, which is opened before all else, then for the rest. */
export interface ServerMetrics {
  readonly meter: StoreMeter;
  /** Counts a try to send an event to a hook. */
  readonly hookTried: HookMetrics["tried"];
  /** Counts spans that were lost. */
  readonly spansDropped: (count: number) => void;
  watch(sources: MetricsSources): WatchedServer;
}

/** Makes the metrics of a server. */
export function createServerMetrics({
  database,
  metricsPerOrg: perOrg,
}: Pick<ServerConfig, "database" | "metricsPerOrg">): ServerMetrics {
  const engine = isPostgres(database) ? "postgres" : "sqlite";
  const lockout = createLockoutMetrics(engine, perOrg);
  const hooks = createHookMetrics(perOrg);
  const dropped = new CounterFamily(
    "lockoutd_otlp_spans_dropped",
    "Spans that no collector took.",
  );
  const allDropped = dropped.counter();
  return {
    meter: lockout.meter,
    hookTried: hooks.tried,
    spansDropped: (count) => {
      allDropped.value += count;
    },
    watch: ({ store, stopwatch, ...sources }) => {
      const requests = createRequestMetrics(sources);
      const gauges = createGauges(engine, perOrg, {
        ...sources,
        readFigures: shareLook(
          () => store.figures(perOrg),
          figuresMs,
          stopwatch,
        ),
        waitingCommands: () => store.waitingCommands(),
      });
      const own = startProcessMetrics();
      const families = [
        ...[...lockout.families, ...gauges.families, hooks.family, dropped],
        ...[...requests.families, ...own.families],
      ];
      return {
        ended: requests.ended,
        read: async (accept) => {
          await gauges.gather();
          const format = formatOf(accept);
          return {
            mediaType: mediaTypes[format],
            pieces: writePage(families, format),
          };
        },
        stop: () => {
          own.stop();
        },
      };
    },
  };
}
