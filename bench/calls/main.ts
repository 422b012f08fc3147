/** What calls cost: ours, and beside it in the same run the servers that one would write in Node and Go. */
import { format } from "prettier";
import { measureSync } from "../attempts/sync-time.ts";
import { readFlags } from "../support/flags.ts";
import { readCount } from "../support/read-count.ts";
import { subDirectory, withTempDir } from "../support/temp-dir.ts";
import { callNames } from "./calls.ts";
import { peerNames } from "./contestants.ts";
import type { ContestantName } from "./contestants.ts";
import { watchMemory } from "./memory-growth.ts";
import { toPicture } from "./picture.ts";
import { publish } from "./publish.ts";
import { toRatios } from "./ratios.ts";
import { race } from "./race.ts";
import { toMarkdown } from "./table.ts";
import { versions } from "./versions.ts";

const help = `npm run bench -- [options]

  --seconds 5        how long each measurement takes
  --rounds 5         how often each is made
  --only a,b         only these calls: ${callNames.join(", ")}
  --peers a,b        only these servers: ${peerNames.join(", ")}
  --before path      another checkout of lockoutd, with its packages installed, to compare with; alone, unless there are peers
  --memory 1000000   after how many requests the server's memory is looked at; 0 for never
  --dir path         where the databases are made: on the disk to measure
  --no-publish       README, docs/explanation/performance.md and docs/explanation/bench.svg stay as they are, as they do where not all is measured
`;

const flags = readFlags(help, {
  seconds: { type: "string", default: "5" },
  rounds: { type: "string", default: "5" },
  only: { type: "string" },
  peers: { type: "string" },
  before: { type: "string" },
  memory: { type: "string", default: "1000000" },
  dir: { type: "string" },
  publish: { type: "boolean", default: true },
});
await withTempDir(flags.dir, run);

async function run(directory: string): Promise<void> {
  const rounds = readCount("rounds", flags.rounds);
  const seconds = readCount("seconds", flags.seconds);
  const requests = readCount("memory", flags.memory, 0);
  const raced = await race({
    directory,
    calls: readNames("call", flags.only, callNames),
    contestants: chooseContestants(),
    before: flags.before,
    rounds,
    seconds,
    say,
  });
  if (requests > 0) {
    say(`making ${requests} requests to look at the memory`);
  }
  const results = {
    ...raced,
    rounds,
    seconds,
    syncMs: measureSync(directory),
    versions: versions(),
    memory:
      requests === 0
        ? []
        : await watchMemory(subDirectory(directory, "memory"), requests),
  };
  const figures = toMarkdown(results);
  process.stdout.write(await format(figures, { parser: "markdown" }));
  // A part would pass for the whole.
  const whole = [flags.only, flags.peers, flags.before].every(
    (flag) => flag === undefined,
  );
  if (flags.publish && whole) {
    await publish({
      figures,
      ratios: toRatios(raced.found),
      svg: toPicture(raced.found),
    });
  }
}

function chooseContestants(): readonly ContestantName[] {
  if (flags.before === undefined) {
    return readNames("server", flags.peers, peerNames);
  }
  const peers = readNames("server", flags.peers ?? "lockoutd", peerNames);
  return [...peers, "before"];
}

function readNames<Name extends string>(
  kind: string,
  list: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  if (list === undefined) {
    return all;
  }
  const wanted = list.split(",");
  const unknown = wanted.filter((name) => !all.some((known) => known === name));
  if (unknown.length > 0) {
    throw new Error(`no such ${kind}: ${unknown.join(", ")}\n\n${help}`);
  }
  return all.filter((name) => wanted.includes(name));
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
