/** What a login takes beside hooks whose receivers fail, compared with a server that has none. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { logInMany, loginsByTurns } from "../support/by-turns.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { createDatabase, startPostgres } from "../support/postgres.ts";
import { readCount } from "../support/read-count.ts";
import { quantile } from "../support/statistics.ts";
import { subDirectory, withTempDir } from "../support/temp-dir.ts";
import { startWorker } from "../support/worker.ts";
import type { Receiver, ReceiverState } from "./receiver-process.ts";

const help = `npm run bench:hooks -- [options]

Prints what a login takes while events are sent to a receiver that fails a third of the time, one that refuses all, and one that never responds, and what it
takes at a server without hooks, by turns. Ends with exit code 1 where the median is more than ${most()} times as long.

  --events 10000     how many events are there to be sent when it begins
  --rounds 8         how often each server has its turn
  --seconds 2        how long a turn is
  --engines a,b      only these of: sqlite, postgres
`;

const flags = readFlags(help, {
  events: { type: "string", default: "10000" },
  rounds: { type: "string", default: "8" },
  seconds: { type: "string", default: "2" },
  engines: { type: "string", default: "sqlite,postgres" },
});
const events = readCount("events", flags.events);
const rounds = readCount("rounds", flags.rounds, 2);
const seconds = readCount("seconds", flags.seconds);
const receivers: readonly Receiver[] = ["third", "refuses", "hangs"];
/** Most events are accepted after some tries; none is given up. */
const schedule = ["0s", ...Array<string>(30).fill("50ms"), "1h"].join(",");
const hookFlags = [
  ...["--hooks-allow-http", "--hooks-allow-private"],
  ...["--hooks-retry-schedule", schedule],
];

/** How many times the time of a login without hooks is allowed. */
function most(): number {
  return 1.2;
}

await withTempDir(undefined, async (directory) => {
  process.stdout.write(
    `| engine | | median ms | 99 of 100 ms | | requests to receivers |\n| --- | --- | --: | --: | --: | --: |\n`,
  );
  if (flags.engines.includes("sqlite")) {
    await measure(
      "sqlite",
      join(directory, "without.db"),
      join(directory, "beside.db"),
    );
  }
  if (flags.engines.includes("postgres")) {
    const postgres = await startPostgres(subDirectory(directory, "postgres"));
    if ("skipped" in postgres) {
      throw new Error(postgres.skipped);
    }
    const { port } = postgres;
    await measure(
      "postgres",
      await createDatabase(port, "without"),
      await createDatabase(port, "beside"),
    );
    await postgres.stop();
  }
});

async function measure(
  engine: string,
  withoutHooks: string,
  withHooks: string,
): Promise<void> {
  const receiver = startWorker<object, ReceiverState>(
    "load",
    fileURLToPath(new URL("receiver-process.ts", import.meta.url)),
  );
  const { port } = await receiver.run({});
  const start = (database: string) =>
    startLockoutd({ database, flags: hookFlags });
  const without = await start(withoutHooks);
  const beside = await start(withHooks);
  for (const path of receivers) {
    await createHook(beside, `http://127.0.0.1:${port}/${path}`);
  }
  for (const server of [without, beside]) {
    await logInMany(server, events, 32);
  }
  const before = await receiver.run({});
  const [alone = [], shared = []] = await loginsByTurns([without, beside], {
    ...{ rounds, seconds, pauseMs: 4 },
  });
  const after = await receiver.run({});
  await Promise.all([without.stop(), beside.stop(), receiver.stop()]);

  const ratioOf = (share: number) =>
    quantile(shared, share) / quantile(alone, share);
  const row = (name: string, times: readonly number[], rest: string) => {
    const at = (share: number) => quantile(times, share).toFixed(2);
    process.stdout.write(
      `| ${engine} | ${name} | ${at(0.5)} | ${at(0.99)} | ${rest} |\n`,
    );
  };
  row("no hooks", alone, "|");
  row(
    ...(["beside failing hooks", shared] as const),
    `${ratioOf(0.5).toFixed(2)} × (99 of 100: ${ratioOf(0.99).toFixed(2)} ×) | ${after.requests - before.requests}`,
  );
  if (ratioOf(0.5) > most()) {
    process.exitCode = 1;
  }
}

async function createHook(
  { url, token }: LockoutdServer,
  receiver: string,
): Promise<void> {
  const response = await fetch(`${url}/lockout/v1/instance/hooks`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ url: receiver }),
  });
  if (!response.ok) {
    throw new Error(await response.text());
  }
}
