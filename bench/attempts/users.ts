/** A million users, without rules and with every rule: the memory of the server, and how long it takes to start, by turns. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { residentBytes } from "../support/memory.ts";
import { readCount } from "../support/read-count.ts";
import { median } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { userIdOf } from "./drivers/driver.ts";
import { driveLockoutd } from "./drivers/lockoutd.ts";
import { setEveryRule } from "./peers.ts";

const help = `npm run bench:users -- [options]

  --users 1000000    how many users the database has
  --pairs 20000      how many attempts are begun and completed before memory is read again
  --rounds 3         how often each server is started
  --dir path         where the databases are made: on the disk to measure
`;

const flags = readFlags(help, {
  users: { type: "string", default: "1000000" },
  pairs: { type: "string", default: "20000" },
  rounds: { type: "string", default: "3" },
  dir: { type: "string" },
});
const users = readCount("users", flags.users);
const pairs = readCount("pairs", flags.pairs);
const rounds = readCount("rounds", flags.rounds);
const inFlight = 64;

interface Run {
  readonly startMs: number;
  readonly startedBytes: number;
  readonly usedBytes: number;
}

await withTempDir(flags.dir, async (directory) => {
  const without = join(directory, "without.db");
  await (await startLockoutd({ database: without })).stop();
  process.stderr.write(`making ${users} users\n`);
  makeUsers(without);
  const withRules = join(directory, "with.db");
  copyFileSync(without, withRules);
  copyFileSync(`${without}.key`, `${withRules}.key`);
  const server = await startLockoutd({ database: withRules });
  await setEveryRule(server);
  await server.stop();

  const found = { "without rules": [], "every rule": [] } as Record<
    string,
    Run[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    found["without rules"]?.push(await measure(without));
    found["every rule"]?.push(await measure(withRules));
  }
  const lines = Object.entries(found).map(([name, runs]) => {
    const middle = (pick: (run: Run) => number) => median(runs.map(pick));
    const megabytes = (pick: (run: Run) => number) =>
      (middle(pick) / 1e6).toFixed(0).padStart(10);
    return `${name.padEnd(16)}${middle((run) => run.startMs)
      .toFixed(0)
      .padStart(
        14,
      )}${megabytes((run) => run.startedBytes)} MB${megabytes((run) => run.usedBytes)} MB\n`;
  });
  process.stdout.write(
    [
      `${users.toLocaleString("en-US")} users, medians of ${rounds}; memory when started, and after ${pairs.toLocaleString("en-US")} attempts:\n`,
      `${"".padEnd(16)}${"start in ms".padStart(14)}${"started".padStart(13)}${"used".padStart(13)}\n`,
      ...lines,
    ].join(""),
  );
});

/** Each user is as an attempt that succeeded leaves one. */
function makeUsers(path: string): void {
  const database = new Database(path);
  const [org] = database
    .prepare<[], { readonly id: string }>("SELECT id FROM orgs")
    .all();
  const orgId = org?.id ?? "";
  const user = database.prepare(
    "INSERT INTO subjects (org_id, user_id, since_position, account, recorded) VALUES (?, ?, 0, 'active', 0)",
  );
  const counter = database.prepare(
    "INSERT INTO counters (subject, factor, failed, open) VALUES (?, 'password', 0, 0)",
  );
  database.transaction(() => {
    for (let number = 0; number < users; number += 1) {
      counter.run(user.run(orgId, userIdOf(number)).lastInsertRowid);
    }
    database
      .prepare(
        "INSERT OR REPLACE INTO user_counts (org_id, count) VALUES (?, ?)",
      )
      .run(orgId, users);
  })();
  database.close();
}

async function measure(database: string): Promise<Run> {
  const start = performance.now();
  const server = await startLockoutd({ database });
  const startMs = performance.now() - start;
  const startedBytes = residentBytes(server.pid) ?? NaN;
  const driver = await driveLockoutd(server, inFlight);
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < pairs) {
        next += 1;
        // All over the users, since neighbours share pages.
        await driver.pair((next * 7919) % users, "succeeded");
      }
    }),
  );
  await driver.close();
  const usedBytes = residentBytes(server.pid) ?? NaN;
  await server.stop();
  return { startMs, startedBytes, usedBytes };
}
