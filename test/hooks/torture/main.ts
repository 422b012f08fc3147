import { openTestPostgres } from "../../support/postgres.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { torture } from "./torture.ts";

// npm run torture:hooks [-- sqlite | postgres]: ten thousand events through a receiver that fails a third of the time, with the node that sends killed ten
// times: a server on SQLite, and then one of three on PostgreSQL.

const engines = process.argv[2]?.split(",") ?? ["sqlite", "postgres"];

async function run(database: string, nodes: number): Promise<void> {
  console.log(`${nodes} on ${new URL(database).protocol}`);
  const report = await torture({
    ...{ database, nodes, users: 200, events: 10_000, kills: 10 },
    onProgress: console.log,
  });
  console.log(report);
  const { events, accepted, afterDelete, afterGone, faults } = report;
  if (faults.length + afterDelete + afterGone > 0 || accepted < events) {
    process.exitCode = 1;
  }
}

if (engines.includes("sqlite")) {
  const directory = await makeTempDir();
  await run(`sqlite:${directory.file("lockoutd.db")}`, 1);
  await directory.remove();
}
if (engines.includes("postgres")) {
  const postgres = await openTestPostgres();
  const { url, drop } = await postgres.createDatabase();
  await run(url, 3);
  await drop();
  await postgres.close();
}
