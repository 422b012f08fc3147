/** What the triggers cost that count locked users on PostgreSQL: a login with them, and without, by turns. */
import { logInMany, loginsByTurns } from "../support/by-turns.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { createDatabase, runSql, startPostgres } from "../support/postgres.ts";
import { readCount } from "../support/read-count.ts";
import { quantile } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";

const help = `npm run bench:triggers -- [options]

Prints what a login, begun and completed, takes on PostgreSQL with the triggers that count locked users, and without them, by turns; without waiting for the
disk, whose times differ by more.

  --rounds 12        how often each server has its turn
  --seconds 2        how long a turn is
`;

const flags = readFlags(help, {
  rounds: { type: "string", default: "12" },
  seconds: { type: "string", default: "2" },
});
const rounds = readCount("rounds", flags.rounds, 2);
const seconds = readCount("seconds", flags.seconds);

await withTempDir(undefined, async (directory) => {
  const postgres = await startPostgres(directory);
  if ("skipped" in postgres) {
    throw new Error(postgres.skipped);
  }
  const { port } = postgres;
  // Nothing waits for the disk: its times would hide what the triggers take.
  await runSql(port, "postgres", "ALTER SYSTEM SET fsync = off");
  await runSql(port, "postgres", "SELECT pg_reload_conf()");
  const start = async (name: string) =>
    startLockoutd({ database: await createDatabase(port, name) });
  const servers = [await start("with_triggers"), await start("without")];
  await runSql(port, "without", "ALTER TABLE subjects DISABLE TRIGGER USER");
  for (const server of servers) {
    await logInMany(server, 2000, 32);
  }
  const [on = [], off = []] = await loginsByTurns(servers, {
    ...{ rounds, seconds, pauseMs: 0 },
  });
  await Promise.all(servers.map((server) => server.stop()));
  await postgres.stop();

  process.stdout.write(
    "| | median ms | a quarter is below | 99 of 100 |\n| --- | --: | --: | --: |\n",
  );
  for (const [name, times] of [
    ["with the triggers", on],
    ["without", off],
  ] as const) {
    const at = (share: number) => quantile(times, share).toFixed(3);
    process.stdout.write(
      `| ${name} | ${at(0.5)} | ${at(0.25)} | ${at(0.99)} |\n`,
    );
  }
  const difference = (quantile(on, 0.5) - quantile(off, 0.5)) * 1000;
  process.stdout.write(
    `\nOf two transactions: ${Math.round(difference)} µs.\n`,
  );
});
