import { Option } from "commander";
import { printable, printableJson } from "../telemetry/printable.ts";

/** For people, or for scripts. */
export type OutputFormat = "text" | "json";

/** The option `--output`: text for people, or JSON. */
export function outputOption(): Option {
  return new Option("-o, --output <format>", "what to print")
    .choices(["text", "json"] satisfies OutputFormat[])
    .default("text" satisfies OutputFormat);
}

/** A document of JSON. */
export function toJsonText(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}

/** Columns that line up, under a header. */
export function toTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_title, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** A time in milliseconds since 1970, as RFC 3339 in UTC. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
