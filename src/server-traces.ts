import { randomUUID } from "node:crypto";
import type { StoreMeter } from "./store/meter.ts";
import { readVersion } from "./telemetry/version.ts";
import type { Tracing } from "./telemetry/traces/tracing.ts";

/** The traces of a server. */
export interface ServerTraces extends Tracing {
  /** The same meter, which has calls told of their commits. */
  readonly withCalls: (meter: StoreMeter) => StoreMeter;
  /** Sends what waits, for a moment at most. */
  readonly close: () => Promise<void>;
}

/**
 * Starts to send spans to a collector. What that needs is loaded here alone.
 *
 * @param endpoint the base of its URL, without a slash at its end
 */
export async function startTraces(
  endpoint: string,
  onDropped: (count: number) => void,
): Promise<ServerTraces> {
  const { startExporter } = await import("./telemetry/traces/exporter.ts");
  const { createTracing } = await import("./telemetry/traces/tracing.ts");
  const exporter = startExporter({
    url: `${endpoint}/v1/traces`,
    resource: {
      "service.name": "lockoutd",
      "service.version": readVersion(),
      "service.instance.id": randomUUID(),
    },
    onDropped,
  });
  const tracing = createTracing(exporter);
  return {
    ...tracing,
    withCalls: (meter) => ({ ...meter, currentCall: tracing.currentCall }),
    close: () => exporter.close(),
  };
}
