/** What calls cost: ours, and beside it in the same run the servers that one would write in Node and Go. */
import { parseArgs } from "node:util";
import { measureSync } from "../attempts/sync-time.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { callNames } from "./calls.ts";
import { contestantNames } from "./contestants.ts";
import { race } from "./race.ts";
import { toMarkdown } from "./table.ts";
import { versions } from "./versions.ts";

const help = `npm run bench -- [options]

  --seconds 5        how long each measurement takes
  --rounds 5         how often each is made
  --only a,b         only these calls: ${callNames.join(", ")}
  --peers a,b        only these servers: ${contestantNames.join(", ")}
  --dir path         where the databases are made: on the disk to measure
`;

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    peers: { type: "string" },
    dir: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  process.stdout.write(help);
} else {
  await withTempDir(flags.dir, run);
}

async function run(directory: string): Promise<void> {
  const rounds = readCount("rounds", flags.rounds);
  const seconds = readCount("seconds", flags.seconds);
  const raced = await race({
    directory,
    calls: readNames("call", flags.only, callNames),
    contestants: readNames("server", flags.peers, contestantNames),
    rounds,
    seconds,
    say,
  });
  const syncMs = measureSync(directory);
  const results = { ...raced, rounds, seconds, syncMs, versions: versions() };
  process.stdout.write(toMarkdown(results));
}

function readCount(flag: string, value: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`--${flag} takes a whole number above 0, not ${value}`);
}

function readNames<Name extends string>(
  kind: string,
  list: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  if (list === undefined) return all;
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
