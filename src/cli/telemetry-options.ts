import { Option } from "commander";
import { defaultConfig } from "../config.ts";
import type { ServerConfig } from "../config.ts";
import { parseBoolean, parseListen } from "./values.ts";

/** The options of `serve` about what operators see. */
export interface TelemetryOptions {
  readonly metricsListen?: ServerConfig["listen"];
  readonly metricsPerOrg: boolean;
}

/** Options of `serve` about what operators see, but for the log. */
export function telemetryOptions(): Option[] {
  return [
    new Option(
      "--metrics-listen <host:port>",
      "where /metrics needs no token: an address that Prometheus reaches, and strangers do not",
    )
      .env("LOCKOUTD_METRICS_LISTEN")
      .default(undefined, "none")
      .argParser(parseListen),
    new Option(
      "--metrics-per-org [true|false]",
      "have metrics of attempts and locks for each organisation, by its id",
    )
      .env("LOCKOUTD_METRICS_PER_ORG")
      .preset("true")
      .default(defaultConfig.metricsPerOrg)
      .argParser(parseBoolean),
  ];
}

/** What the options say. */
export function readTelemetry({
  metricsListen,
  metricsPerOrg,
}: TelemetryOptions): Pick<ServerConfig, "metricsListen" | "metricsPerOrg"> {
  return { metricsListen, metricsPerOrg };
}
