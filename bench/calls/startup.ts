/** How long the server takes from its start until it is ready, on a database with many users. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { userIdOf } from "../attempts/drivers/driver.ts";
import { cpuSeconds } from "../support/cpu-time.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { pinning } from "../support/processes.ts";
import { readCount } from "../support/read-count.ts";
import { median } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";

const help = `npm run bench:startup -- [options]

  --users 100000     how many users the database has
  --starts 5         how often the server is started
  --dir path         where the database is made: on the disk to measure
`;

const flags = readFlags(help, {
  users: { type: "string", default: "100000" },
  starts: { type: "string", default: "5" },
  dir: { type: "string" },
});

const aimSeconds = 0.5;

/** As it is shipped: types are stripped when it is built, and not when it starts. */
const entry = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

await withTempDir(flags.dir, run);

async function run(directory: string): Promise<void> {
  const users = readCount("users", flags.users);
  const starts = readCount("starts", flags.starts);
  const database = join(directory, "lockoutd.db");
  await (await startLockoutd({ database, entry })).stop();
  process.stderr.write(`importing ${users} users\n`);
  importUsers(directory, database, users);

  const found: Start[] = [];
  while (found.length < starts) {
    found.push(await timeStart(database));
  }
  const middle = median(found.map(({ seconds }) => seconds));
  process.stdout.write(
    [
      `${users.toLocaleString("en-US")} users, a database of ${(statSync(database).size / 1e6).toFixed(0)} MB; Node ${process.versions.node}; ${pinning ? "the server has a core to itself" : "nothing is pinned to a core"}.`,
      `From start to ready, in seconds: ${listed(found, ({ seconds }) => seconds)}.`,
      `CPU time of it, in seconds: ${listed(found, ({ cpu }) => cpu)}.`,
      `The median is ${middle.toFixed(3)} s; the aim of less than ${aimSeconds} s is ${middle < aimSeconds ? "met" : "missed"}.`,
      "",
    ].join("\n"),
  );
}

interface Start {
  readonly seconds: number;
  /** CPU time, in seconds, which tells a slow start from a busy machine; undefined where the system does not say. */
  readonly cpu: number | undefined;
}

function listed(
  found: readonly Start[],
  pick: (one: Start) => number | undefined,
): string {
  return found.map((one) => pick(one)?.toFixed(2) ?? "unknown").join(", ");
}

function importUsers(directory: string, database: string, users: number): void {
  const file = join(directory, "users.ndjson");
  const lines = Array.from({ length: users }, (_, user) =>
    JSON.stringify({
      id: userIdOf(user),
      aliases: [`user-${user}`, `user-${user}@example.com`],
    }),
  );
  writeFileSync(file, `${lines.join("\n")}\n`);
  const { status, stderr } = spawnSync(
    process.execPath,
    [entry, "user", "import", file, "--database", `sqlite:${database}`],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    throw new Error(`the import failed: ${stderr}`);
  }
}

/** Starts the server, and stops it when `/debug/ready` says yes. */
async function timeStart(database: string): Promise<Start> {
  const began = performance.now();
  const server = await startLockoutd({ database, entry });
  try {
    const [answer] = (await once(
      get(`${server.url}/debug/ready`, { agent: false }),
      "response",
    )) as [IncomingMessage];
    const seconds = (performance.now() - began) / 1000;
    const cpu = cpuSeconds(server.pid);
    answer.resume();
    if (answer.statusCode !== 200) {
      throw new Error(`it listens and is not ready: ${answer.statusCode ?? 0}`);
    }
    return { seconds, cpu };
  } finally {
    await server.stop();
  }
}
