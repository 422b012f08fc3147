/**
 * Loads a real server over all protocols for as long as it is told, and disturbs it: killed and started again, ended and
 * started again, its database locked, its connections cut, its answers not read, its clock made to jump. In the end every
 * change that was acknowledged is in the event log, none is there twice, no answer from 500 on is without a reason, and
 * memory is flat. The last part of the time is without restarts, to see how memory goes.
 *
 * usage: soak [--minutes N]
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { residentBytes } from "../fuzz/port/target.ts";
import { openDoors } from "../support/protocol-variants.ts";
import { readEventLog } from "../support/event-log.ts";
import { startServerProcess } from "../support/server-process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import {
  cutConnections,
  lockDatabase,
  readSlowly,
  useToken,
} from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { attemptLane, lockLane, policyLane } from "./load.ts";
import type { Load } from "./load.ts";
import { findTrend, isRising } from "./memory.ts";
import type { Sample } from "./memory.ts";
import { watchLog } from "./server-log.ts";
import { startWatcher } from "./watcher.ts";
import { Windows } from "./windows.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" } },
});
const totalMs = Number(values.minutes) * 60_000;
const token = "the-token-of-the-soak-administrator";
const limit = 5;
const sampleMs = 500;

const say = (line: string) => process.stdout.write(`${line}\n`);
const started = performance.now();
const elapsed = () => performance.now() - started;

const violations: string[] = [];
const onViolation = (violation: string) => {
  violations.push(violation);
  if (violations.length <= 20) {
    say(`violation: ${violation}`);
  }
};

// The server of this soak, and those after it, have a clock that jumps when they are told.
process.env["NODE_OPTIONS"] =
  `--import ${new URL("./clock-jumps.ts", import.meta.url).href}`;

const directory = await makeTempDir();
const database = directory.file("lockoutd.db");
const windows = new Windows();
const ledger = new Ledger();
const logged = { requests: 0, unavailable: 0 };

async function startServer(port: number) {
  const process = await startServerProcess(database, token, [
    ...["--listen", `127.0.0.1:${port}`, "--log-level", "info"],
    ...["--shutdown-grace", "5s"],
  ]);
  watchLog(process.child, windows, logged, onViolation);
  return process;
}

let server = await startServer(0);
const { url } = server;
const port = Number(new URL(url).port);

const management = createClient(
  ManagementService,
  createGrpcTransport({ baseUrl: url }),
);
await management.addCustomLockoutPolicy(
  { maxPasswordAttempts: limit },
  { headers: { authorization: `Bearer ${token}` } },
);

async function restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const over = windows.open(signal === "SIGKILL" ? "killed" : "ending");
  const code = await server.stop(signal);
  if (signal === "SIGTERM" && code !== 0) {
    onViolation(`SIGTERM ended with ${String(code)}`);
  }
  server = await startServer(port);
  over();
}

async function jumpClock(): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    const over = windows.open("jumped");
    process.kill(server.child.pid ?? 0, "SIGUSR2");
    await delay(500);
    over();
  }
}

async function tryToken(): Promise<void> {
  const since = performance.now();
  const wrong = await useToken(database, url).catch(String);
  const explained = windows.explain(since, ["locked", "killed", "ending"]);
  if (wrong !== undefined && !explained) {
    onViolation(wrong);
  }
}

type Fault = readonly [name: string, run: () => Promise<void>];

const gentle: readonly Fault[] = [
  ["a short lock", () => lockDatabase(database, 500, windows)],
  ["connections cut", () => cutConnections(port, token)],
  ["slow readers", () => readSlowly(port, token)],
  ["tokens at the database", tryToken],
  ["a long lock", () => lockDatabase(database, 7000, windows)],
];
const harsh: readonly Fault[] = [
  ["killed", () => restart("SIGKILL")],
  ["clock jumps", jumpClock],
  ["ended", () => restart("SIGTERM")],
];

const done = new Map<string, number>();

/** Does one after the other until a time has come. */
async function disturb(faults: readonly Fault[], untilMs: number) {
  for (let turn = 0; elapsed() < untilMs; turn += 1) {
    const [name, run] = faults[turn % faults.length] ?? ["", delay];
    await run();
    done.set(name, (done.get(name) ?? 0) + 1);
    await delay(Math.min(1000, Math.max(0, untilMs - elapsed())));
  }
}

let stopped = false;
const load: Load = {
  doors: openDoors(url),
  token,
  ledger,
  windows,
  stopped: () => stopped,
  onViolation,
  answered: 0,
  explained: 0,
};
const watchers = [startWatcher(url, token), startWatcher(url, token)];
const lanes = [
  policyLane(load, 1),
  policyLane(load, 2),
  attemptLane(load, 3, limit),
  attemptLane(load, 4, limit),
  attemptLane(load, 5, limit),
  lockLane(load, 6),
];

const mixed = [
  ...gentle.flatMap((fault, index) => [
    fault,
    harsh[index % harsh.length] ?? fault,
  ]),
];
await disturb(mixed, totalMs * 0.5);

const samples: Sample[] = [];
const warmUntil = elapsed() + totalMs * 0.2;
const sampling = setInterval(() => {
  const bytes = residentBytes(server.child.pid ?? 0);
  if (bytes !== undefined && elapsed() > warmUntil) {
    samples.push({ at: elapsed(), bytes });
  }
}, sampleMs);
await disturb(gentle, totalMs);
clearInterval(sampling);

stopped = true;
await Promise.all(lanes);
const last = (await readEventLog(database)).at(-1)?.position ?? 0;
for (const watcher of watchers) {
  await watcher.endAt(String(last));
}
const over = windows.open("ending");
if ((await server.stop("SIGTERM")) !== 0) {
  onViolation("the last SIGTERM");
}
over();

const events = await readEventLog(database);
for (const violation of ledger.verify(events)) {
  onViolation(violation);
}
for (const { positions } of watchers) {
  const written = events
    .map(({ position }) => position)
    .filter((position) => position <= last);
  if (
    positions.filter((one) => Number(one) <= last).join() !== written.join()
  ) {
    onViolation(
      `a watcher saw ${positions.length} events, or another order, of ${written.length}`,
    );
  }
}
const trend = findTrend(samples);
if (isRising(trend)) {
  onViolation("memory rises");
}
await directory.remove();

const mebibytes = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
const faultCounts = [...done].map(([name, count]) => `${name} ${count}`);
say(
  [
    `${(elapsed() / 60_000).toFixed(1)} minutes`,
    `calls: ${load.answered} answered, ${load.explained} failed for the faults' sake`,
    `server: ${logged.requests} requests in the log, ${logged.unavailable} UNAVAILABLE for the faults' sake`,
    `faults: ${faultCounts.join(", ")}`,
    `events: ${events.length}, seen by each of ${watchers.length} watchers`,
    `memory: ${mebibytes(trend.mean)} MiB, ${mebibytes(trend.growth)} MiB growth over ${samples.length} samples, noise ${mebibytes(trend.noise)} MiB`,
    `violations: ${violations.length}`,
  ].join("\n"),
);
process.exitCode = violations.length === 0 ? 0 : 1;
// Transports keep connections to a server that is gone.
process.exit();
