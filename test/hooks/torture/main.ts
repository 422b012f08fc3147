import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { torture } from "./torture.ts";

// npm run torture:hooks [-- DATABASE]: ten thousand events through a receiver that fails a third of the time, with the server killed ten times.

const directory = await mkdtemp(join(tmpdir(), "lockoutd-hooks-"));
const report = await torture({
  database: process.argv[2] ?? `sqlite:${join(directory, "lockoutd.db")}`,
  ...{ users: 200, events: 10_000, kills: 10 },
  onProgress: console.log,
});
await rm(directory, { recursive: true });
console.log(report);
const { events, accepted, afterDelete, faults } = report;
process.exitCode =
  faults.length === 0 && afterDelete === 0 && accepted >= events ? 0 : 1;
