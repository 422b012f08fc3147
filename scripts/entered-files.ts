/**
 * Counts the files of src whose functions run during one call, on a connection that has served such calls before: what a reader has to
 * know to follow it. What timers do that were set before the call is no part of it. `-- --list` names them.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import { Session } from "node:inspector/promises";
import type { Profiler } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  setTimeout as delay,
  setImmediate as nextTurn,
} from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** What timers of before the call would have run during it; undefined while nothing is measured. */
let held: (() => void)[] | undefined;
let callsMeasured = 0;

for (const name of ["setTimeout", "setInterval"] as const) {
  const set = globalThis[name];
  const setHeld = (task: (...args: unknown[]) => void, ms?: number) => {
    const callsBefore = callsMeasured;
    return set(() => {
      if (held !== undefined && callsBefore < callsMeasured) {
        held.push(task);
      } else {
        task();
      }
    }, ms);
  };
  Object.assign(globalThis, { [name]: setHeld });
}

// After that: some timers are set when a module is loaded.
const { defaultConfig } = await import("../src/config.ts");
const { startServer } = await import("../src/server.ts");

const root = new URL("..", import.meta.url);
const warmUps = 3;
/** How long the server is left alone before the call that counts, in milliseconds. */
const quietMs = 2000;
const directory = await mkdtemp(join(tmpdir(), "entered-files-"));
const server = await startServer({
  ...defaultConfig,
  listen: { host: "127.0.0.1", port: 0 },
  database: `sqlite:${join(directory, "lockoutd.db")}`,
  logLevel: "silent",
});
const authorization = `Bearer ${server.created?.adminToken ?? ""}`;
const agent = new http.Agent({ keepAlive: true });
const client = http2.connect(server.url);
const session = new Session();
session.connect();

let limit = 0;

/** Changes the default policy by JSON over HTTP/1.1. */
async function putPolicy(): Promise<void> {
  limit += 1;
  const request = http.request(
    `${server.url}/admin/v1/policies/password/lockout`,
    {
      method: "PUT",
      agent,
      headers: { authorization, "content-type": "application/json" },
    },
  );
  request.end(JSON.stringify({ maxPasswordAttempts: limit }));
  const [response] = (await once(request, "response")) as [
    http.IncomingMessage,
  ];
  await once(response.resume(), "end");
  requireStatus(response.statusCode, 200);
}

/** Reads a policy by gRPC. */
async function getPolicy(): Promise<void> {
  const stream = client.request({
    ":method": "POST",
    ":path": "/zitadel.management.v1.ManagementService/GetLockoutPolicy",
    "content-type": "application/grpc",
    te: "trailers",
    authorization,
  });
  const trailers = once(stream, "trailers");
  stream.end(Buffer.alloc(5));
  stream.resume();
  const [trailer] = (await trailers) as [http2.IncomingHttpHeaders];
  await once(stream, "close");
  requireStatus(trailer["grpc-status"], "0");
}

function requireStatus(status: unknown, expected: unknown): void {
  if (status !== expected) {
    throw new Error(`the call has status ${String(status)}`);
  }
}

async function filesOf(call: () => Promise<void>): Promise<readonly string[]> {
  for (let i = 0; i < warmUps; i += 1) {
    await call();
  }
  // What follows from those calls, such as reading their events, is no part of the next one.
  await delay(quietMs);
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true });
  const late: (() => void)[] = [];
  held = late;
  callsMeasured += 1;
  await session.post("Profiler.takePreciseCoverage");
  await call();
  // What the server does after the response: its log line.
  await nextTurn();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  await session.post("Profiler.stopPreciseCoverage");
  held = undefined;
  late.forEach((task) => {
    task();
  });
  return result
    .filter(({ url }) => url.startsWith(new URL("src/", root).href))
    .filter(({ functions }) => functions.some(hasRun))
    .map(({ url }) => fileURLToPath(url).slice(fileURLToPath(root).length))
    .sort();
}

function hasRun({ ranges }: Profiler.FunctionCoverage): boolean {
  return ranges.some(({ count }) => count > 0);
}

for (const [name, call] of [
  ["one REST PUT", putPolicy],
  ["one gRPC read", getPolicy],
] as const) {
  const files = await filesOf(call);
  const ours = files.filter((file) => /^src\/(http|transcoding)\//.test(file));
  console.log(
    `${name}: ${files.length} files, ${ours.length} of them in src/http and src/transcoding`,
  );
  if (process.argv.includes("--list")) {
    console.log(files.map((file) => `  ${file}`).join("\n"));
  }
}

session.disconnect();
agent.destroy();
client.close();
await server.close();
await rm(directory, { recursive: true });
