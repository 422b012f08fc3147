import { InvalidArgumentError, Option } from "commander";
import { defaultConfig } from "../../config.ts";
import type { ServerConfig } from "../../config.ts";
import { parseBoolean, parseListen } from "./values.ts";

/** The options of `serve` about what operators see. */
export interface TelemetryOptions {
  readonly metricsListen?: ServerConfig["listen"];
  readonly metricsPerOrg: boolean;
  readonly otlpEndpoint?: string;
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
    new Option(
      "--otlp-endpoint <url>",
      "send traces of calls to this collector, by OTLP over HTTP: a base, to which /v1/traces is added",
    )
      .env("LOCKOUTD_OTLP_ENDPOINT")
      .default(undefined, "none")
      .argParser(parseBaseUrl),
  ];
}

/** The URL of a collector, as it is written, without a slash at its end. @throws InvalidArgumentError */
function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase =
    (url?.protocol === "http:" || url?.protocol === "https:") &&
    url.username + url.password + url.search + url.hash === "";
  if (!isBase) {
    throw new InvalidArgumentError(
      "Write http:// or https:// and a host, without a user, a query or a fragment, such as http://127.0.0.1:4318.",
    );
  }
  return text.replace(/\/+$/, "");
}

/** What the options say. */
export function readTelemetry({
  metricsListen,
  metricsPerOrg,
  otlpEndpoint,
}: TelemetryOptions): Pick<
  ServerConfig,
  "metricsListen" | "metricsPerOrg" | "otlpEndpoint"
> {
  return { metricsListen, metricsPerOrg, otlpEndpoint };
}
