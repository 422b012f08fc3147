import { availableParallelism, cpus } from "node:os";
import { pinning } from "../support/processes.ts";
import { calls, connections, http1Connections, inFlight } from "./calls.ts";
import type { MemoryPoint } from "./memory-growth.ts";
import type { RaceResult } from "./race.ts";
import { standings } from "./standings.ts";
import type { Standing } from "./standings.ts";

/** What a whole run found. */
export interface Results extends RaceResult {
  readonly rounds: number;
  readonly seconds: number;
  /** What a sync to the disk of the databases takes, in milliseconds. */
  readonly syncMs: number;
  readonly versions: readonly string[];
  /** Our server's memory; empty where it was not measured. */
  readonly memory: readonly MemoryPoint[];
}

/** The results as Markdown, with headings of the third level. */
export function toMarkdown(results: Results): string {
  const sections = [...standings(results.found)].map(([call, all]) =>
    [
      `### ${calls[call].title}`,
      "",
      "| | CPU µs/request | beside ours | aim | requests/s | p50 ms | p99 ms | peak memory MB |",
      "| --- | --: | --: | --: | --: | --: | --: | --: |",
      ...all.map(row),
      "",
    ].join("\n"),
  );
  return [
    conditions(results),
    ...sections,
    ...memoryGrowth(results.memory),
  ].join("\n");
}

function conditions(results: Results): string {
  const { rounds, seconds, syncMs, versions, skipped } = results;
  return [
    `- ${cpus()[0]?.model.trim() ?? "an unknown processor"}, ${availableParallelism()} cores; ${pinning ? "what serves has one, what makes the load another" : "nothing is pinned to a core"}.`,
    `- ${versions.join(", ")}.`,
    `- A sync to the databases' disk takes ${syncMs.toFixed(2)} ms (median, one page appended).`,
    `- Requests in flight: ${inFlight} over ${connections} connections for gRPC, ${http1Connections} over one each for HTTP/1.1.`,
    `- Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s; in each, those that are compared take turns.`,
    ...skipped.map((reason) => `- Left out: ${reason}.`),
    "",
  ].join("\n");
}

function row({ title, ours, measured, ratio, aim }: Standing): string {
  const { cpuMicros, requestsPerSecond, p50Ms, p99Ms, peakBytes } = measured;
  const cells = [
    ours ? `**${title}**` : title,
    cpuMicros?.toFixed(1) ?? "–",
    ours ? "1" : times(ratio),
    aim === undefined ? "" : `≥ ${aim}×${verdict(ratio, aim)}`,
    Math.round(requestsPerSecond).toLocaleString("en-US"),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    peakBytes === undefined ? "–" : megabytes(peakBytes),
  ];
  return `| ${cells.join(" | ")} |`;
}

function memoryGrowth(memory: readonly MemoryPoint[]): readonly string[] {
  if (memory.length === 0) {
    return [];
  }
  return [
    "### Memory of lockoutd after reads by gRPC",
    "",
    "| requests | heap after a collection, MB | resident memory before it, MB |",
    "| --: | --: | --: |",
    ...memory.map(
      ({ requests, liveBytes, residentBytes }) =>
        `| ${requests.toLocaleString("en-US")} | ${(liveBytes / 1e6).toFixed(1)} | ${megabytes(residentBytes)} |`,
    ),
    "",
  ];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** A ratio as people read it: `0.85×`, `12.3×`. */
export function times(ratio: number | undefined): string {
  if (ratio === undefined) {
    return "–";
  }
  return `${ratio.toFixed(ratio < 3 ? 2 : 1)}×`;
}

function verdict(ratio: number | undefined, aim: number): string {
  if (ratio === undefined) {
    return "";
  }
  return ratio >= aim ? ", met" : ", missed";
}
