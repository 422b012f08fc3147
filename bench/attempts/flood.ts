/** A million login names that nobody has, beside a user: neither the user's record nor the server may suffer. */
import { statSync } from "node:fs";
import { readFlags } from "../support/flags.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import {
  defaultPasswordLimit,
  startLockoutd,
} from "../support/lockoutd-server.ts";
import { residentBytes } from "../support/memory.ts";
import { pinning } from "../support/processes.ts";
import { readCount } from "../support/read-count.ts";
import { quantile } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";
import {
  attemptPaths,
  begin,
  complete,
  outcomes,
} from "./drivers/attempt-calls.ts";
import { connectionsFor, userCount } from "./drivers/driver.ts";
import { GrpcConnection } from "./drivers/grpc-connection.ts";
import { driveLockoutd } from "./drivers/lockoutd.ts";
import { createTemplate } from "./peers.ts";
import { publish } from "./publish.ts";

const help = `npm run bench:flood -- [options]

  --quick            150,000 names, and no page is written
  --names 1000000    how many names; no page is written where it is set
  --dir path         where the database is made: on the disk to measure
`;

const flags = readFlags(help, {
  quick: { type: "boolean", default: false },
  names: { type: "string" },
  dir: { type: "string" },
});
const names = readCount(
  "names",
  flags.names ?? (flags.quick ? "150000" : "1000000"),
);
const inFlight = 127;
const stages = 10;
const samples = 500;

const user = { id: "399999999999999999", name: "Known.User@example.com" };
const failedBefore = 3;

interface Stage {
  readonly names: number;
  readonly namesPerSecond: number;
  readonly knownMs: readonly number[];
  readonly memory: number | undefined;
  readonly database: number;
  readonly log: number;
}

await withTempDir(flags.dir, async (directory) => {
  const database = await createTemplate(directory);
  const server = await startLockoutd({ database });
  const connection = await GrpcConnection.open({
    ...server,
    paths: attemptPaths,
  });
  const known = () => timedPair(connection);

  await putUser(server);
  for (let failed = 0; failed < failedBefore; failed += 1) {
    const { attemptId } = await begin(connection, "loginName", user.name);
    await complete(connection, attemptId, outcomes.failed);
  }
  await inTurn(samples, known);
  const quietBefore = await inTurn(samples, known);
  const besideLogins = await withLogins(server, () => inTurn(samples, known));

  const flood = createFlood(server);
  const found: Stage[] = [];
  for (let stage = 1; stage <= stages; stage += 1) {
    found.push(await runStage(server, database, await flood, stage, known));
    process.stderr.write(`${Math.round((names / stages) * stage)} names\n`);
  }
  const quietAfter = await inTurn(samples, known);
  const kept = await failedAttempts(server);
  const locked = await lockByFailing(connection);
  connection.close();
  await server.stop();

  const page = toPage(found, {
    quietBefore,
    besideLogins,
    quietAfter,
    kept,
    locked,
  });
  const whole = !flags.quick && flags.names === undefined;
  await publish(page, whole ? "flood-results.md" : undefined);
});

/** A login of the known user that counts for nothing, so that it can be made again and again: its time. */
async function timedPair(connection: GrpcConnection): Promise<number> {
  const began = performance.now();
  const { proceed, attemptId } = await begin(
    connection,
    "loginName",
    user.name,
  );
  if (!proceed) {
    throw new Error("the known user was refused");
  }
  await complete(connection, attemptId, outcomes.notAGuess);
  return performance.now() - began;
}

async function inTurn<T>(times: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) {
    results.push(await run());
  }
  return results;
}

/** Runs while the other users log in, as many at once as names are begun in the flood. */
async function withLogins<T>(
  server: LockoutdServer,
  run: () => Promise<T>,
): Promise<T> {
  const driver = await driveLockoutd(server, inFlight);
  let ending = false;
  let next = 0;
  const logins = Array.from({ length: inFlight }, async () => {
    while (!ending) {
      next += 1;
      await driver.pair(next % userCount, "succeeded");
    }
  });
  const result = await run();
  ending = true;
  await Promise.all(logins);
  await driver.close();
  return result;
}

/** Begins an attempt for each of so many names that were never said before. */
type Flood = (count: number) => Promise<void>;

async function createFlood({ port, token }: LockoutdServer): Promise<Flood> {
  const connections = await inTurn(connectionsFor(inFlight), () =>
    GrpcConnection.open({ port, token, paths: attemptPaths }),
  );
  let said = 0;
  return async (count) => {
    const end = said + count;
    const flights = Array.from({ length: inFlight }, async (_, place) => {
      const connection = connections[place % connections.length];
      if (connection === undefined) {
        throw new Error("there is no connection");
      }
      while (said < end) {
        said += 1;
        const name = `nobody-${said}@example.org`;
        const { proceed } = await begin(connection, "loginName", name);
        if (!proceed) {
          throw new Error("an unknown name was told from a known one");
        }
      }
    });
    await Promise.all(flights);
  };
}

async function runStage(
  server: LockoutdServer,
  database: string,
  flood: Flood,
  stage: number,
  known: () => Promise<number>,
): Promise<Stage> {
  const count = names / stages;
  const flooding = new AbortController();
  const knownMs: number[] = [];
  const asking = (async () => {
    while (!flooding.signal.aborted) {
      knownMs.push(await known());
    }
  })();
  const began = performance.now();
  await flood(count);
  const seconds = (performance.now() - began) / 1000;
  flooding.abort();
  await asking;
  return {
    names: stage * count,
    namesPerSecond: count / seconds,
    knownMs,
    memory: residentBytes(server.pid),
    database: statSync(database).size,
    log: statSync(`${database}-wal`).size,
  };
}

async function putUser(server: LockoutdServer): Promise<void> {
  await callJson(server, "PUT", `/lockout/v1/users/${user.id}`, {
    aliases: [user.name],
    state: "USER_STATE_ACTIVE",
  });
}

async function failedAttempts(server: LockoutdServer): Promise<number> {
  const lockout = (await callJson(
    server,
    "GET",
    `/lockout/v1/users/${user.id}/lockout`,
  )) as { factors: { factor: string; failedAttempts?: number }[] };
  const password = lockout.factors.find(
    ({ factor }) => factor === "FACTOR_PASSWORD",
  );
  return password?.failedAttempts ?? 0;
}

async function callJson(
  { url, token }: LockoutdServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) {
    throw new Error(`${path}: ${JSON.stringify(answer)}`);
  }
  return answer;
}

/** Uses up the chances that the record says are left, and says whether the last one locked. */
async function lockByFailing(connection: GrpcConnection): Promise<boolean> {
  const results = await inTurn(
    defaultPasswordLimit - failedBefore,
    async () => {
      const { attemptId } = await begin(connection, "loginName", user.name);
      return complete(connection, attemptId, outcomes.failed);
    },
  );
  return results.at(-1)?.locked ?? false;
}

interface Known {
  readonly quietBefore: readonly number[];
  readonly besideLogins: readonly number[];
  readonly quietAfter: readonly number[];
  readonly kept: number;
  readonly locked: boolean;
}

function toPage(
  found: readonly Stage[],
  { quietBefore, besideLogins, quietAfter, kept, locked }: Known,
): string {
  const quiet = middle(quietBefore);
  const busy = middle(besideLogins);
  const flooded = middle(found.slice(-2).flatMap(({ knownMs }) => knownMs));
  const ratio = (one: number, other: number) => (one / other).toFixed(2);
  return [
    "# Flood",
    "",
    `${names.toLocaleString("en-US")} login names that nobody has, ${inFlight} at once by gRPC over the network, beside one known user,`,
    `by \`npm run bench:flood\`, with Node ${process.versions.node}; ${pinning ? "server and load have a core each" : "nothing is pinned to a core"}.`,
    "",
    "| the known user's login, median | ms | compared with |",
    "| --- | --: | --- |",
    `| alone, before the flood | ${quiet.toFixed(2)} | |`,
    `| alone, after the flood | ${middle(quietAfter).toFixed(2)} | ${ratio(middle(quietAfter), quiet)} × before |`,
    `| beside ${inFlight} other users' logins | ${busy.toFixed(2)} | |`,
    `| beside the flood, its last fifth | ${flooded.toFixed(2)} | ${ratio(flooded, busy)} × beside logins |`,
    "",
    `The user had failed ${failedBefore} times before, ${kept} times after; ${defaultPasswordLimit - failedBefore} more failures ${locked ? "locked, as they must" : "DID NOT LOCK"}.`,
    "",
    "| names | names/s | server's memory MB | database MB | write-ahead log MB |",
    "| --: | --: | --: | --: | --: |",
    ...found.map(
      ({ names: said, namesPerSecond, memory, database, log }) =>
        `| ${said.toLocaleString("en-US")} | ${Math.round(namesPerSecond).toLocaleString("en-US")} | ${memory === undefined ? "–" : megabytes(memory)} | ${megabytes(database)} | ${megabytes(log)} |`,
    ),
    "",
  ].join("\n");
}

function middle(values: readonly number[]): number {
  return quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
