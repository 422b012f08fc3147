import { availableParallelism } from "node:os";
import { pinning } from "../support/processes.ts";
import { median } from "../support/statistics.ts";
import type { Measurement } from "./load.ts";
import { peers } from "./peers.ts";
import type { PeerName } from "./peers.ts";

/** What a whole run found. */
export interface Results {
  readonly command: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly syncMs: number;
  readonly levels: readonly number[];
  readonly versions: readonly string[];
  readonly skipped: readonly string[];
  /** One measurement for each round. */
  readonly measured: ReadonlyMap<
    PeerName,
    ReadonlyMap<number, readonly Measurement[]>
  >;
}

/** The results as a page of Markdown. */
export function toMarkdown(results: Results): string {
  const { levels, measured } = results;
  const sections = levels.map((level) => {
    const rows = [...measured].flatMap(([name, byLevel]) => {
      const found = byLevel.get(level);
      return found === undefined || found.length === 0
        ? []
        : [row(peers[name].title, medians(found), naiveAt(results, level))];
    });
    return [
      `## ${level} in flight`,
      "",
      "| | pairs/s | × naive | p50 ms | p99 ms | CPU µs/pair |",
      "| --- | --: | --: | --: | --: | --: |",
      ...rows,
      "",
    ].join("\n");
  });
  return [heading(results), ...sections].join("\n");
}

function heading(results: Results): string {
  const { command, rounds, seconds, syncMs, versions, skipped } = results;
  return [
    "# Attempts",
    "",
    `Durable pairs of BeginAttempt and CompleteAttempt, made by \`${command}\`.`,
    "",
    `- ${availableParallelism()} cores; ${pinning ? "what serves has one, what makes the load another" : "nothing is pinned to a core"}.`,
    `- ${versions.join(", ")}.`,
    `- A sync to this disk takes ${syncMs.toFixed(2)} ms (median, one page appended).`,
    `- Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s, all systems by turns in each; p50 and p99 are of whole pairs.`,
    "- CPU is that of the process that serves, with those below it. PostgreSQL and Redis have no service before them:",
    "  who uses one adds that of an application, which here runs on the other core and is not counted.",
    ...skipped.map((reason) => `- Left out: ${reason}.`),
    "",
  ].join("\n");
}

function row(title: string, found: Measurement, naive: number | undefined) {
  const { pairsPerSecond, p50Ms, p99Ms, cpuMicros } = found;
  const cells = [
    title,
    thousands(pairsPerSecond),
    naive === undefined ? "–" : (pairsPerSecond / naive).toFixed(1),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    cpuMicros === undefined ? "–" : thousands(cpuMicros),
  ];
  return `| ${cells.join(" | ")} |`;
}

function naiveAt({ measured }: Results, level: number): number | undefined {
  const found = measured.get("one-by-one")?.get(level);
  return found && medians(found).pairsPerSecond;
}

function medians(found: readonly Measurement[]): Measurement {
  const of = (pick: (one: Measurement) => number) => median(found.map(pick));
  const cpu = found.flatMap(({ cpuMicros }) => cpuMicros ?? []);
  return {
    pairsPerSecond: of((one) => one.pairsPerSecond),
    p50Ms: of((one) => one.p50Ms),
    p99Ms: of((one) => one.p99Ms),
    cpuMicros: cpu.length === 0 ? undefined : median(cpu),
  };
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
