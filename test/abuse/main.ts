/** Attacks a real server in every way that we know of, while others ask for its health and log in. */
import { readFlags } from "../../bench/support/flags.ts";
import { pinning } from "../../bench/support/processes.ts";
import { readCount } from "../../bench/support/read-count.ts";
import { openTestPostgres } from "../support/postgres.ts";
import type { Attack } from "./attack.ts";
import { attacks } from "./attacks/all.ts";
import { idle } from "./attacks/idle.ts";
import { bounds } from "./bounds.ts";
import { measure } from "./measure.ts";
import type { CreateDatabase } from "./measure.ts";
import { favourMeasurement } from "./priority.ts";
import { toTable } from "./table.ts";
import type { Row } from "./table.ts";
import { findExcess, medianMs } from "./verdict.ts";

const engines = ["sqlite", "postgres"] as const;
type Engine = (typeof engines)[number];

const help = `npm run abuse -- [options]

Attacks a server of its own with each attack, and measures health checks, logins and memory meanwhile. The server has a core to
itself where there are two, and a cgroup with ${bounds.memoryLimit} MiB of memory where one can be made. Ends with 1 where the server ended, or something is over:
${bounds.resident} MiB resident, ${bounds.healthMs} ms for a health check, ${bounds.loginFactor} times the idle time for the median login of a second, ${bounds.loginMs} ms for a login.

  --engine a,b       only these engines: ${engines.join(", ")}
  --only a,b         only the attacks whose names begin like one of these
  --seconds 3        how long each attack lasts at most
  --list             say what the attacks are, and attack nothing
`;

const flags = readFlags(help, {
  engine: { type: "string", default: engines.join() },
  only: { type: "string", default: "" },
  seconds: { type: "string", default: "3" },
  list: { type: "boolean", default: false },
});
const seconds = readCount("seconds", flags.seconds);
const chosen = chooseAttacks(flags.only.split(","));
if (flags.list) {
  for (const { name, role, what } of chosen) {
    process.stdout.write(`${name} (${role ?? "no token"}): ${what}\n`);
  }
} else {
  const failed = await run(chooseEngines(flags.engine.split(",")));
  process.exitCode = failed === 0 ? 0 : 1;
}

function chooseAttacks(starts: readonly string[]): readonly Attack[] {
  const unknown = starts.find(
    (start) => !attacks.some(({ name }) => name.startsWith(start)),
  );
  if (unknown !== undefined) {
    refuse(`--only: no attack begins with ${unknown}`);
  }
  return attacks.filter(({ name }) =>
    starts.some((start) => name.startsWith(start)),
  );
}

function chooseEngines(names: readonly string[]): readonly Engine[] {
  const unknown = names.find((name) => !engines.some((one) => one === name));
  if (unknown !== undefined) {
    refuse(`--engine: there is no engine ${unknown}`);
  }
  return engines.filter((engine) => names.includes(engine));
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n\n${help}`);
  process.exit(2);
}

async function run(chosenEngines: readonly Engine[]): Promise<number> {
  favourMeasurement();
  let failed = 0;
  for (const engine of chosenEngines) {
    const postgres =
      engine === "postgres" ? await openTestPostgres() : undefined;
    const rows = await attackAll(
      engine,
      postgres && (() => postgres.createDatabase()),
    );
    await postgres?.close();
    const limited = new Set(rows.map(({ measured }) => measured?.limited));
    process.stdout.write(
      `\n${engine}, Node ${process.versions.node}, ${[...limited].join(", ")}, ${pinning ? "the server on a core of its own" : "nothing pinned to a core"}\n\n${toTable(rows)}\n`,
    );
    failed += rows.filter(({ faults }) => faults.length > 0).length;
  }
  process.stdout.write(
    failed === 0 ? "nothing is over\n" : `${failed} attacks are over\n`,
  );
  return failed;
}

async function attackAll(
  engine: Engine,
  createDatabase: CreateDatabase | undefined,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let idleLoginMs = Infinity;
  for (const attack of [idle, ...chosen]) {
    process.stderr.write(`${engine} ${attack.name} `);
    const row = await attackOnce(engine, attack, idleLoginMs, createDatabase);
    if (attack === idle && row.measured !== undefined) {
      idleLoginMs = medianMs(row.measured.logins);
    }
    rows.push(row);
    process.stderr.write(
      row.faults.length === 0 ? "held\n" : `OVER: ${row.faults.join("; ")}\n`,
    );
  }
  return rows;
}

async function attackOnce(
  engine: Engine,
  attack: Attack,
  idleLoginMs: number,
  createDatabase: CreateDatabase | undefined,
): Promise<Row> {
  try {
    const measured = await measure(attack, seconds, createDatabase);
    const excess = findExcess(measured, idleLoginMs, attack.needs?.memory);
    const faults = [...excess, ...measured.faults];
    return { engine, attack, measured, faults };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [line = ""] = reason.split("\n");
    return { engine, attack, measured: undefined, faults: [line] };
  }
}
