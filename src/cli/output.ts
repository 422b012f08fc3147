import { Option } from "commander";

/** For people, or for scripts. */
export type OutputFormat = "text" | "json";

export function outputOption(): Option {
  return new Option("-o, --output <format>", "what to print")
    .choices(["text", "json"] satisfies OutputFormat[])
    .default("text" satisfies OutputFormat);
}

/** A document of JSON. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
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

/** A text without what could steer a terminal: names come from whoever may call the API. */
export function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );
}

/** A time in milliseconds since 1970, as RFC 3339 in UTC. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
