import { callNames, calls } from "./calls.ts";
import { contestants, peerNames } from "./contestants.ts";
import type { Found } from "./race.ts";
import { standings } from "./standings.ts";
import { times } from "./table.ts";

/** What others cost beside ours, in one table for all reads: the figures that mean something on any machine. */
export function toRatios(found: Found): string {
  const all = standings(found);
  const reads = callNames.filter((call) => call !== "write");
  const rows = peerNames
    .filter((name) => name !== "lockoutd")
    .map((name) => contestants[name].title)
    .map((title) => {
      const cells = reads.map((call) => {
        const standing = all.get(call)?.find((one) => one.title === title);
        return standing === undefined ? "" : times(standing.ratio);
      });
      return `| ${[title, ...cells].join(" | ")} |`;
    });
  return [
    `| CPU time per request, lockoutd = 1 | ${reads.map((call) => calls[call].title).join(" | ")} |`,
    `| --- |${" --: |".repeat(reads.length)}`,
    ...rows,
    "",
  ].join("\n");
}
