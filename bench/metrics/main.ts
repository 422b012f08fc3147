/** What metrics cost: two servers in one process, one with them and one without, that get the same load by turns. */
import { fileURLToPath } from "node:url";
import { defaultConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import type { RunningServer } from "../../src/server.ts";
import { createServerMetrics } from "../../src/server-metrics.ts";
import type { ServerMetrics } from "../../src/server-metrics.ts";
import { noMeter } from "../../src/store/meter.ts";
import { readFlags } from "../support/flags.ts";
import { readCount } from "../support/read-count.ts";
import { quantile } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { startWorker } from "../support/worker.ts";
import { measureCounting } from "./counting.ts";
import type { LoadOrder } from "./load-process.ts";

const help = `npm run bench:metrics -- [options]

Prints the CPU time of a server for a read by gRPC and for an attempt (begun and completed), with metrics and without, by turns, and the median of the
differences. Run it on a quiet machine: taskset -c 0 npm run bench:metrics

  --rounds 30     how often each side gets each load
  --count 8000    how many requests a load has
`;

const flags = readFlags(help, {
  rounds: { type: "string", default: "30" },
  count: { type: "string", default: "8000" },
});
const rounds = readCount("rounds", flags.rounds, 2);
const count = readCount("count", flags.count, 100);
const token = "a token of this benchmark alone, and of no server";

const without: ServerMetrics = {
  meter: noMeter,
  hookTried: () => undefined,
  spansDropped: () => undefined,
  watch: () => ({
    ended: () => undefined,
    read: () => Promise.reject(new Error("there are no metrics")),
    stop: () => undefined,
  }),
};

const load = startWorker<LoadOrder, undefined>(
  "load",
  fileURLToPath(new URL("load-process.ts", import.meta.url)),
);

const withMetrics = createServerMetrics({
  ...{ database: "sqlite:", metricsPerOrg: false },
});
const orgs = 10_000;

await withTempDir(undefined, async (directory) => {
  const start = (name: string, metrics: ServerMetrics) =>
    startServer(
      {
        ...defaultConfig,
        listen: { host: "127.0.0.1", port: 0 },
        database: `sqlite:${directory}/${name}.db`,
        adminToken: token.replaceAll(" ", "-"),
        defaultPolicy: { maxPasswordAttempts: 5 },
        logLevel: "silent",
      },
      { metrics },
    );
  const servers = {
    on: await start("on", withMetrics),
    off: await start("off", without),
  };
  process.stdout.write(
    "| | on, µs | off, µs | difference, median (quartiles) |\n| --- | --: | --: | --: |\n",
  );
  for (const kind of ["read", "attempt"] as const) {
    await measure(kind, servers);
  }
  for (let org = 0; org < orgs; org += 1) {
    const orgId = String(3e17 + org * 1000);
    withMetrics.meter.attempt(orgId, "password", "proceed", true).add();
    withMetrics.meter.locked(orgId, "password_attempts", "user").add();
  }
  const page = await fetch(`${servers.on.url}/metrics`, {
    headers: { authorization: `Bearer ${token.replaceAll(" ", "-")}` },
  });
  const { byteLength } = await page.arrayBuffer();
  process.stdout.write(
    `\nThe page, with ${orgs.toLocaleString("en-US")} organisations: ${byteLength.toLocaleString("en-US")} bytes.\n`,
  );
  await Promise.all([servers.on.close(), servers.off.close()]);
});
await load.stop();
const { read, attempt } = measureCounting();
process.stdout.write(
  `\nCounting alone: ${read} ns of a read, ${attempt} ns of an attempt.\n`,
);

async function measure(
  kind: LoadOrder["kind"],
  servers: Readonly<Record<"on" | "off", RunningServer>>,
): Promise<void> {
  const micros = async ({ port }: RunningServer) => {
    const secret = token.replaceAll(" ", "-");
    const before = process.cpuUsage();
    await load.run({ port, token: secret, kind, count });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  const times = { on: [] as number[], off: [] as number[] };
  const differences: number[] = [];
  for (let round = -2; round < rounds; round += 1) {
    // Each side is first in half of the rounds.
    const sides =
      round % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const);
    const used = { on: 0, off: 0 };
    for (const side of sides) {
      used[side] = await micros(servers[side]);
    }
    // The first ones compile.
    if (round >= 0) {
      times.on.push(used.on);
      times.off.push(used.off);
      differences.push(used.on - used.off);
    }
  }
  const at = (values: number[], share: number) =>
    quantile(
      values.sort((a, b) => a - b),
      share,
    ).toFixed(2);
  process.stdout.write(
    `| ${kind} | ${at(times.on, 0.5)} | ${at(times.off, 0.5)} | ${at(differences, 0.5)} (${at(differences, 0.25)} to ${at(differences, 0.75)}) |\n`,
  );
}
