/** What the sign-in of service accounts costs, how many wrong secrets are compared, and whether its time tells who there is. */
import { join } from "node:path";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { readCount } from "../support/read-count.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { makeAccount } from "./accounts.ts";
import { withDatabase } from "./engines.ts";
import { measureGuessing } from "./guessing.ts";
import { measureCalls, measureRates } from "./rates.ts";
import { measureTiming } from "./timing.ts";

const parts = ["rates", "calls", "guessing", "timing"] as const;

const help = `npm run bench:sign-in -- [options]

Starts servers, each on a core of its own, and prints how many tokens and introspections a second one on SQLite makes, the CPU time of a call by each
kind of token, how many of 10,000 wrong secrets that are in flight at once are compared by a node on SQLite and by three on PostgreSQL, and how long a
wrong secret takes of clients that there are and that there are not, on both engines.
Run it on a quiet machine: taskset -c 1 npm run bench:sign-in

  --only a,b       only these of: ${parts.join(", ")}
  --seconds 10     how long tokens and introspections are asked for
  --rounds 15      how often each kind of token gets its load
  --samples 6000   how many wrong secrets are timed on each engine, half of them of a client that there is
`;

const flags = readFlags(help, {
  only: { type: "string", default: parts.join(",") },
  seconds: { type: "string", default: "10" },
  rounds: { type: "string", default: "15" },
  samples: { type: "string", default: "6000" },
});
const chosen = flags.only.split(",");
const unknown = chosen.filter((name) => !parts.some((part) => part === name));
if (unknown.length > 0) {
  throw new Error(`no such part: ${unknown.join(", ")}\n\n${help}`);
}
const seconds = readCount("seconds", flags.seconds, 1);
const rounds = readCount("rounds", flags.rounds, 1);
const samples = readCount("samples", flags.samples, 100);

const measure: Readonly<
  Record<(typeof parts)[number], (directory: string) => Promise<void>>
> = {
  rates: async (directory) => {
    for (const type of ["opaque", "jwt"] as const) {
      const server = await startLockoutd({
        database: join(directory, `${type}.db`),
        flags: ["--access-token-type", type],
      });
      const account = await makeAccount(server, "login-page");
      await measureRates(type, server, account, seconds);
      await server.stop();
    }
  },
  calls: async (directory) => {
    const server = await startLockoutd({
      database: join(directory, "lockoutd.db"),
    });
    const account = await makeAccount(server, "login-page");
    await measureCalls(server, account, rounds);
    await server.stop();
  },
  guessing: async (directory) => {
    for (const [engine, more] of [
      ["sqlite", 0],
      ["postgres", 2],
    ] as const) {
      await withDatabase(engine, directory, async (database) => {
        const first = await startLockoutd({ database });
        const others = await Promise.all(
          Array.from({ length: more }, () => startLockoutd({ database })),
        );
        await measureGuessing([first, ...others]);
        await Promise.all([first, ...others].map((node) => node.stop()));
      });
    }
  },
  timing: async (directory) => {
    for (const engine of ["sqlite", "postgres"] as const) {
      await withDatabase(engine, directory, async (database) => {
        const server = await startLockoutd({
          database,
          flags: ["--client-secret-limit", "0"],
        });
        await measureTiming(engine, server, samples);
        await server.stop();
      });
    }
  },
};

for (const part of parts.filter((name) => chosen.includes(name))) {
  await withTempDir(undefined, measure[part]);
}
