/** Whether the time that a decision takes tells if a login name leads to a user: each decision, on both engines. */
import { join } from "node:path";
import { attemptPaths } from "../attempts/drivers/attempt-calls.ts";
import { GrpcConnection } from "../attempts/drivers/grpc-connection.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { startPostgres } from "../support/postgres.ts";
import { readCount } from "../support/read-count.ts";
import { areaUnderCurve, median } from "../support/statistics.ts";
import { subDirectory, withTempDir } from "../support/temp-dir.ts";
import { nameOf, passwordLimit, passes } from "./passes.ts";
import type { Side, Sample } from "./passes.ts";

const engines = ["sqlite", "postgres"] as const;
type Engine = (typeof engines)[number];

const help = `npm run bench:timing -- [options]

Asks a server about login names of users and about names that nobody has, in random order, one after the other, and prints the area under the
ROC curve of the times of each decision: 0.5 tells nothing. Ends with exit code 1 where one is not between ${band(0)} and ${band(1)}.

  --samples 20000    how many samples of each decision, half of them of users
  --engines a,b      only these of: ${engines.join(", ")}
  --dir path         where the databases are made: on the disk to measure
`;

const flags = readFlags(help, {
  samples: { type: "string", default: "20000" },
  engines: { type: "string", default: engines.join(",") },
  dir: { type: "string" },
});
const each = Math.ceil(readCount("samples", flags.samples, 2) / 2);
/** So many of each side are asked about before it counts. */
const warmUps = 300;
const chosen = flags.engines.split(",");
const unknown = chosen.filter((name) => !engines.some((one) => one === name));
if (unknown.length > 0) {
  throw new Error(`no such engine: ${unknown.join(", ")}\n\n${help}`);
}

await withTempDir(flags.dir, async (directory) => {
  process.stdout.write(
    `| engine | decision | user, median µs | nobody, median µs | area under the curve |\n| --- | --- | --: | --: | --: |\n`,
  );
  for (const engine of engines.filter((one) => chosen.includes(one))) {
    const place = subDirectory(directory, engine);
    await withServer(engine, place, async (server) => {
      for (const [decision, times] of await measure(server)) {
        report(engine, decision, times);
      }
    });
  }
});

type Times = Readonly<Record<Side, number[]>>;

function report(engine: Engine, decision: string, times: Times): void {
  const area = areaUnderCurve(times.known, times.unknown);
  const isInside = area >= band(0) && area <= band(1);
  if (!isInside) {
    process.exitCode = 1;
  }
  const micros = (values: readonly number[]) =>
    Math.round(median(values) * 1000).toLocaleString("en-US");
  process.stdout.write(
    `| ${engine} | ${decision} | ${micros(times.known)} | ${micros(times.unknown)} | ${area.toFixed(3)}${isInside ? "" : " OUTSIDE"} |\n`,
  );
}

/** The bounds between which an area tells nothing. */
function band(end: 0 | 1): number {
  return end === 0 ? 0.45 : 0.55;
}

async function withServer(
  engine: Engine,
  directory: string,
  run: (server: LockoutdServer) => Promise<void>,
): Promise<void> {
  const postgres =
    engine === "postgres" ? await startPostgres(directory) : undefined;
  if (postgres !== undefined && "skipped" in postgres) {
    throw new Error(`PostgreSQL cannot be measured: ${postgres.skipped}`);
  }
  const server = await startLockoutd({
    database:
      postgres === undefined
        ? join(directory, "lockoutd.db")
        : `postgres://bench@127.0.0.1:${postgres.port}/postgres`,
    passwordLimit,
  });
  try {
    await run(server);
  } finally {
    await server.stop();
    await postgres?.stop();
  }
}

/** The times of each decision, in milliseconds. */
async function measure(
  server: LockoutdServer,
): Promise<ReadonlyMap<string, Times>> {
  await register(server, warmUps + each);
  const connection = await GrpcConnection.open({
    ...server,
    paths: attemptPaths,
  });
  const found = new Map<string, Times>();
  for (const [first, end] of [
    [0, warmUps],
    [warmUps, warmUps + each],
  ] as const) {
    // The code has to be warm.
    found.clear();
    for (const [number, pass] of passes.entries()) {
      process.stderr.write(`pass ${number + 1} of ${passes.length}\n`);
      for (const [side, place] of shuffled(first, end)) {
        const name = nameOf(side, place);
        for (const { decision, ms } of await pass(connection, name)) {
          take(found, decision, side, ms);
        }
      }
    }
  }
  connection.close();
  return found;
}

function take(
  found: Map<string, Times>,
  decision: Sample["decision"],
  side: Side,
  ms: number,
): void {
  const times = found.get(decision) ?? { known: [], unknown: [] };
  times[side].push(ms);
  found.set(decision, times);
}

/** Both sides of all these places, in random order. */
function shuffled(
  first: number,
  end: number,
): readonly (readonly [Side, number])[] {
  const all: (readonly [Side, number])[] = [];
  for (let place = first; place < end; place += 1) {
    all.push(["known", place], ["unknown", place]);
  }
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const [one, two] = [all[last], all[other]];
    if (one === undefined || two === undefined) {
      continue;
    }
    all[last] = two;
    all[other] = one;
  }
  return all;
}

/** Registers the users whose login names are known. */
async function register(
  { url, token }: LockoutdServer,
  count: number,
): Promise<void> {
  let next = 0;
  const oneAfterAnother = async () => {
    while (next < count) {
      const place = next;
      next += 1;
      const response = await fetch(
        `${url}/lockout/v1/users/3${String(place).padStart(17, "0")}`,
        {
          method: "PUT",
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({ aliases: [nameOf("known", place)] }),
        },
      );
      if (!response.ok) {
        throw new Error(await response.text());
      }
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 32 }, oneAfterAnother));
}
