/** What the triggers cost that count locked users on PostgreSQL: CPU time of a login with them, and without, by turns. */
import { logInMany } from "../support/by-turns.ts";
import { cpuSeconds } from "../support/cpu-time.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { createDatabase, runSql, startPostgres } from "../support/postgres.ts";
import { readCount } from "../support/read-count.ts";
import { median } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";

const help = `npm run bench:triggers -- [options]

Prints the CPU time that PostgreSQL takes for a login, begun and completed, with the triggers that count locked users, and without them, by turns.

  --rounds 12        how often each has its turn
  --count 500        how many logins a turn has, one after the other: each is a batch of its own, which the triggers cost most
`;

const flags = readFlags(help, {
  rounds: { type: "string", default: "12" },
  count: { type: "string", default: "500" },
});
const rounds = readCount("rounds", flags.rounds, 2);
const count = readCount("count", flags.count, 100);

await withTempDir(undefined, async (directory) => {
  const postgres = await startPostgres(directory);
  if ("skipped" in postgres) {
    throw new Error(postgres.skipped);
  }
  const { port, pid } = postgres;
  const start = async (name: string) =>
    startLockoutd({ database: await createDatabase(port, name) });
  const sides = [
    {
      name: "with",
      server: await start("with_triggers"),
      micros: new Array<number>(),
    },
    {
      name: "without",
      server: await start("without"),
      micros: new Array<number>(),
    },
  ];
  await runSql(port, "without", "ALTER TABLE subjects DISABLE TRIGGER USER");
  for (const { server } of sides) {
    await logInMany(server, 2000, 32);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { server, micros } of sides) {
      const before = cpuSeconds(pid) ?? NaN;
      await logInMany(server, count, 1);
      const used = (cpuSeconds(pid) ?? NaN) - before;
      micros.push((used * 1e6) / count);
    }
  }
  for (const { server } of sides) {
    await server.stop();
  }
  await postgres.stop();
  process.stdout.write("| triggers | µs of a login, median |\n| --- | --: |\n");
  for (const { name, micros } of sides) {
    process.stdout.write(`| ${name} | ${Math.round(median(micros))} |\n`);
  }
});
