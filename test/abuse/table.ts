import type { Attack } from "./attack.ts";
import type { Measured } from "./measure.ts";
import { medianMs, slowestSecond, worst } from "./verdict.ts";

/** An attack with what came of it. */
export interface Row {
  readonly engine: string;
  readonly attack: Attack;
  /** Undefined where the attack could not be carried out; the faults say why. */
  readonly measured: Measured | undefined;
  readonly faults: readonly string[];
}

const columns = [
  "attack",
  "sent",
  "s",
  "peak MiB",
  "health ms, median",
  "worst",
  "login ms, median",
  "slowest second",
  "worst",
  "connections",
  "over",
] as const;

/** The rows of an engine as a table of Markdown whose columns are also aligned on a terminal. */
export function toTable(rows: readonly Row[]): string {
  const cells = [[...columns], ...rows.map(toCells)];
  const widths = columns.map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  const lines = cells.map((line) =>
    line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | "),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join(" | "));
  return lines.map((line) => `| ${line} |\n`).join("");
}

function toCells({ attack, measured, faults }: Row): string[] {
  const over = faults.join("; ");
  if (measured === undefined) {
    return [attack.name, ...columns.slice(2).map(() => ""), over];
  }
  const { health, logins, ends } = measured;
  const shown = ends.slice(0, 4).map(([end, count]) => `${count} ${end}`);
  return [
    attack.name,
    toSize(measured.sentBytes),
    measured.seconds.toFixed(1),
    (measured.peakBytes / 1024 ** 2).toFixed(0),
    toMs(medianMs(health)),
    toMs(worst(health)),
    toMs(medianMs(logins)),
    toMs(slowestSecond(logins)),
    toMs(worst(logins)),
    [...shown, ...(ends.length > 4 ? ["…"] : [])].join(", "),
    over,
  ];
}

function toMs(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function toSize(bytes: number): string {
  return bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}
