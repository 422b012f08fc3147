/**
 * Durable Begin+Complete pairs per second over 1, 2 and 4 nodes on one PostgreSQL, a thousand users and one hot one beside
 * them; next to pgbench with the same statements and to a service that sends one statement per call. PostgreSQL and what serves
 * share a core, the load has another.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { PairDriver } from "../attempts/drivers/driver.ts";
import { driveLockoutd } from "../attempts/drivers/lockoutd.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { loadOptional } from "../support/optional-package.ts";
import {
  openPool,
  postgresFolders,
  startPostgres,
} from "../support/postgres.ts";
import type { PgPackage } from "../support/postgres.ts";
import { findProgram } from "../support/processes.ts";
import { readCount } from "../support/read-count.ts";
import { quantile } from "../support/statistics.ts";

const help = `npm run bench:cluster -- [options]

  --seconds 8        how long each is measured
  --in-flight 128    how many pairs are in flight
`;

const flags = readFlags(help, {
  seconds: { type: "string", default: "8" },
  "in-flight": { type: "string", default: "128" },
});
const seconds = readCount("seconds", flags.seconds);
const inFlight = readCount("in-flight", flags["in-flight"]);
const coldUsers = 1000;
const hotUser = 9999;
/** So many of the pairs in flight are the hot user's. */
const hotLanes = Math.ceil(inFlight / 8);

interface Figures {
  readonly pairsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Keeps pairs in flight over all drivers, and measures those of the cold users and of the hot one. */
async function run(
  drivers: readonly PairDriver[],
  withHotUser: boolean,
): Promise<{ readonly cold: Figures; readonly hot: Figures }> {
  const latencies = { cold: [] as number[], hot: [] as number[] };
  let measuring = false;
  let ending = false;
  let next = 0;
  const lane = async (index: number) => {
    const driver = drivers[index % drivers.length];
    const kind = withHotUser && index < hotLanes ? "hot" : "cold";
    while (!ending && driver !== undefined) {
      next += 1;
      const began = performance.now();
      await driver.pair(
        kind === "hot" ? hotUser : next % coldUsers,
        "succeeded",
      );
      if (measuring) {
        latencies[kind].push(performance.now() - began);
      }
    }
  };
  const lanes = Array.from({ length: inFlight }, (_value, index) =>
    lane(index),
  );
  await delay(1500);
  measuring = true;
  await delay(seconds * 1000);
  measuring = false;
  ending = true;
  await Promise.all(lanes);
  return { cold: figures(latencies.cold), hot: figures(latencies.hot) };
}

function figures(latencies: number[]): Figures {
  latencies.sort((one, other) => one - other);
  return {
    pairsPerSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const row = (name: string, { pairsPerSecond, p50Ms, p99Ms }: Figures) => {
  say(
    `| ${name} | ${Math.round(pairsPerSecond).toLocaleString("en")} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} |`,
  );
};

const directory = mkdtempSync(join(tmpdir(), "lockoutd-bench-"));
const postgres = await startPostgres(directory);
if ("skipped" in postgres) {
  throw new Error(postgres.skipped);
}
const pg = await loadOptional<PgPackage>("pg");
if (pg === undefined) {
  throw new Error("run `npm ci --prefix bench` first");
}
const pool = openPool(pg, postgres.port, 2);
const nodes: LockoutdServer[] = [];
try {
  await pool.query("CREATE DATABASE cluster");
  const database = `postgres://bench@127.0.0.1:${postgres.port}/cluster`;
  say(
    `PostgreSQL ${postgres.version}, ${availableParallelism()} cores for all, ${inFlight} pairs in flight, ${seconds} s each\n`,
  );
  say("| | pairs/s | p50 ms | p99 ms |");
  say("| --- | ---: | ---: | ---: |");
  for (const count of [1, 2, 4]) {
    while (nodes.length < count) {
      nodes.push(await startLockoutd({ database, passwordLimit: 0 }));
    }
    const drivers = await Promise.all(
      nodes.map((node) => driveLockoutd(node, inFlight / count)),
    );
    const name = `lockoutd, ${count} node${count === 1 ? "" : "s"}`;
    row(name, (await run(drivers, false)).cold);
    const { cold, hot } = await run(drivers, true);
    row(`${name}, beside a hot user`, cold);
    row(`${name}, the hot user (${hotLanes} in flight)`, hot);
    for (const driver of drivers) {
      await driver.close();
    }
  }
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
  await runPgbench(postgres.port);
  await pool.query("CREATE DATABASE statements");
  const service = await startLockoutd({
    database: `postgres://bench@127.0.0.1:${postgres.port}/statements`,
    entry: fileURLToPath(new URL("one-statement.ts", import.meta.url)),
    passwordLimit: 0,
  });
  nodes.push(service);
  const single = await driveLockoutd(service, inFlight);
  row("one statement per call", (await run([single], false)).cold);
  const { cold, hot } = await run([single], true);
  row("one statement per call, beside a hot user", cold);
  row(`one statement per call, the hot user (${hotLanes} in flight)`, hot);
  await single.close();
} finally {
  await Promise.all(nodes.map((node) => node.stop()));
  await pool.end();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** The same statements from pgbench, as many at once as a node has connections, on the database that the nodes have filled. */
async function runPgbench(port: number): Promise<void> {
  const pgbench = findProgram("pgbench", postgresFolders);
  if (pgbench === undefined) {
    say("pgbench is not installed (Debian: postgresql)");
    return;
  }
  const org = spawnSync(
    join(pgbench, "../psql"),
    [
      ...[
        "-h",
        "127.0.0.1",
        "-p",
        String(port),
        "-U",
        "bench",
        "-d",
        "cluster",
      ],
      ...["-Atc", "SELECT first_org_id FROM instance"],
    ],
    { encoding: "utf8" },
  ).stdout.trim();
  const { stdout, stderr } = spawnSync(
    pgbench,
    [
      ...["-h", "127.0.0.1", "-p", String(port), "-U", "bench"],
      ...["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", String(seconds)],
      ...["-D", `org=${org}`],
      ...["-f", fileURLToPath(new URL("pair.sql", import.meta.url)), "cluster"],
    ],
    { encoding: "utf8" },
  );
  const tps = /tps = ([\d.]+)/.exec(stdout)?.[1];
  const latency = /latency average = ([\d.]+)/.exec(stdout)?.[1];
  if (tps === undefined) {
    throw new Error(`pgbench failed: ${stderr}`);
  }
  say(
    `| pgbench, the same statements, 16 at once | ${Math.round(Number(tps)).toLocaleString("en")} | ${latency ?? ""} (mean) | |`,
  );
}
