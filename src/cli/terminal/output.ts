import { Option } from "commander";
import { printable, printableJson } from "../../telemetry/printable.ts";
import { style } from "./style.ts";

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

const gap = "  ";

/** What a terminal has at least: who makes it narrower scrolls. */
const leastWidth = 80;

/**
 * Columns that line up, under a header. Where they are wider than the terminal, cells go on below themselves, at blanks; and where words
 * are too long for that, such as ids, each row is a list of its cells. No word is ever cut.
 *
 * @param width of the terminal, in characters; undefined where the output is no terminal, and as wide as it is
 */
export function toTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined = terminalWidth(),
): string {
  const lines = [header, ...rows.map((row) => row.map(printable))];
  const widthsBy = (lengthOf: (cell: string) => number) =>
    header.map((_title, column) =>
      Math.max(...lines.map((line) => lengthOf(line[column] ?? ""))),
    );
  const widths = widthsBy((cell) => cell.length);
  if (width === undefined || widthOf(widths) <= width) {
    return withHeading(
      tableLine(header, widths),
      lines.slice(1).map((line) => tableLine(line, widths)),
    );
  }
  const least = widthsBy((cell) =>
    Math.max(...cell.split(" ").map((word) => word.length)),
  );
  if (widthOf(least) > width) {
    return rowLists(header, lines.slice(1));
  }
  const shrunk = shrink(widths, least, width);
  const [heading = "", ...wrapped] = lines.map((line) => {
    const cells = line.map((cell, column) => wrap(cell, shrunk[column] ?? 0));
    const height = Math.max(...cells.map((parts) => parts.length));
    return Array.from({ length: height }, (_, row) =>
      tableLine(
        cells.map((parts) => parts[row] ?? ""),
        shrunk,
      ),
    ).join("");
  });
  return withHeading(heading, wrapped);
}

function withHeading(heading: string, rows: readonly string[]): string {
  return [`${style("heading", heading.slice(0, -1))}\n`, ...rows].join("");
}

function terminalWidth(): number | undefined {
  const { isTTY, columns } = process.stdout as Partial<NodeJS.WriteStream>;
  return isTTY === true ? Math.max(columns ?? 0, leastWidth) : undefined;
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
}

/** Takes from the widest column, again and again, what the table is too wide. */
function shrink(
  widths: readonly number[],
  least: readonly number[],
  width: number,
): readonly number[] {
  const shrunk = [...widths];
  const spare = (column: number) =>
    (shrunk[column] ?? 0) > (least[column] ?? 0) ? (shrunk[column] ?? 0) : -1;
  for (let excess = widthOf(widths) - width; excess > 0; excess -= 1) {
    const widest = shrunk.reduce(
      (best, _width, column) => (spare(column) > spare(best) ? column : best),
      0,
    );
    shrunk[widest] = (shrunk[widest] ?? 0) - 1;
  }
  return shrunk;
}

/** Lines of so many characters at most, broken at blanks. */
export function wrap(cell: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of cell.split(" ")) {
    if (line === undefined) {
      line = word;
    } else if (line.length + 1 + word.length <= width) {
      line += ` ${word}`;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line ?? ""];
}

function tableLine(
  cells: readonly string[],
  widths: readonly number[],
): string {
  const line = cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join(gap);
  return `${line.trimEnd()}\n`;
}

/** The rows one after another, a line for each cell that is not empty. */
function rowLists(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const titleWidth = Math.max(...header.map((title) => title.length));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          cell === ""
            ? ""
            : `${style("heading", (header[column] ?? "").padEnd(titleWidth))}${gap}${cell}\n`,
        )
        .join(""),
    )
    .join("\n");
}

/** A time in milliseconds since 1970, as RFC 3339 in UTC. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
