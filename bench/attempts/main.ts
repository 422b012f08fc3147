/** Durable pairs of BeginAttempt and CompleteAttempt per second: ours, and beside it in the same run what others do. */
import Database from "better-sqlite3";
import { publish } from "./publish.ts";
import { readFlags } from "../support/flags.ts";
import { readCount } from "../support/read-count.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { startLoadWorker } from "./load-worker.ts";
import type { Measurement } from "./load.ts";
import { createTemplate, peerDirectory, peers } from "./peers.ts";
import type { PeerName, StartedPeer } from "./peers.ts";
import { toMarkdown } from "./report.ts";
import type { Results } from "./report.ts";
import { measureSync } from "./sync-time.ts";

/** Those that need no other checkout. */
const peerNames = (Object.keys(peers) as PeerName[]).filter(
  (name) => name !== "before",
);

const help = `npm run bench:attempts -- [options]

  --quick            one round of a second each, and no page is written
  --levels 1,128     how many pairs are in flight
  --rounds 5         how often each system is measured
  --seconds 3        how long each time
  --peers a,b        only these of: ${peerNames.join(", ")}
  --before path      another checkout of lockoutd, with its packages installed, to compare with; alone, unless there are peers
  --dir path         where the databases are made: on the disk to measure
  --out path         where the page is written, relative to this folder, instead of results.md
`;

const flags = readFlags(help, {
  quick: { type: "boolean", default: false },
  levels: { type: "string", default: "1,16,128,1024" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  peers: { type: "string" },
  before: { type: "string" },
  dir: { type: "string" },
  out: { type: "string" },
});
await withTempDir(flags.dir, run);

async function run(directory: string): Promise<void> {
  const levels = flags.levels
    .split(",")
    .map((level) => readCount("levels", level));
  const rounds = readCount("rounds", flags.rounds ?? (flags.quick ? "1" : "5"));
  const seconds = readCount(
    "seconds",
    flags.seconds ?? (flags.quick ? "1" : "3"),
  );
  const warmUpSeconds = seconds / 3;
  const names =
    flags.before === undefined
      ? readPeers(flags.peers)
      : [...readPeers(flags.peers ?? "lockoutd"), "before" as const];

  say("making the users");
  const syncMs = measureSync(directory);
  const template = await createTemplate(directory);
  const running: {
    readonly name: PeerName;
    readonly peer: StartedPeer;
    readonly worker: ReturnType<typeof startLoadWorker>;
  }[] = [];
  const skipped: string[] = [];
  try {
    for (const name of names) {
      const peer = await peers[name].start(
        peerDirectory(directory, name),
        template,
        flags.before,
      );
      if ("skipped" in peer) {
        skipped.push(`${name}, ${peer.skipped}`);
      } else {
        running.push({ name, peer, worker: startLoadWorker(peer.core) });
      }
    }
    const measured = new Map<PeerName, Map<number, Measurement[]>>(
      running.map(({ name }) => [
        name,
        new Map(levels.map((level) => [level, []])),
      ]),
    );
    for (let round = 1; round <= rounds; round += 1) {
      for (const inFlight of levels) {
        for (const { name, peer, worker } of running) {
          const { driver, cpuOf } = peer;
          const spec = { driver, inFlight, warmUpSeconds, seconds, cpuOf };
          const found = await worker.run(spec);
          measured.get(name)?.get(inFlight)?.push(found);
          say(
            `round ${round} of ${rounds}, ${inFlight} in flight, ${name}: ${Math.round(found.pairsPerSecond)} pairs/s, p99 ${found.p99Ms.toFixed(1)} ms`,
          );
        }
      }
    }
    const results: Results = {
      command: "npm run bench:attempts",
      rounds,
      seconds,
      syncMs,
      levels,
      versions: versionsOf(running),
      skipped,
      measured,
    };
    await publish(toMarkdown(results), pageFile());
  } finally {
    for (const { worker } of running) {
      await worker.stop();
    }
    for (const { peer } of running) {
      await peer.stop();
    }
  }
}

function readPeers(list: string | undefined): readonly PeerName[] {
  if (list === undefined) {
    return peerNames;
  }
  const wanted = list.split(",");
  const unknown = wanted.filter(
    (name) => !peerNames.some((known) => known === name),
  );
  if (unknown.length > 0) {
    throw new Error(`no such peer: ${unknown.join(", ")}\n\n${help}`);
  }
  return peerNames.filter((name) => wanted.includes(name));
}

function versionsOf(
  running: readonly { readonly name: PeerName; readonly peer: StartedPeer }[],
): readonly string[] {
  const sqlite = new Database(":memory:")
    .prepare<[], string>("SELECT sqlite_version()")
    .pluck()
    .get();
  return [
    `Node ${process.versions.node}`,
    `SQLite ${sqlite ?? "unknown"} with synchronous=FULL`,
    ...running.flatMap(({ name, peer: { version } }) =>
      version === undefined ? [] : [`${name} ${version}`],
    ),
  ];
}

function pageFile(): string | undefined {
  // A page of a part of the run, or of a hasty one, would pass for the whole.
  const whole =
    !flags.quick && flags.peers === undefined && flags.before === undefined;
  return flags.out ?? (whole ? "results.md" : undefined);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
