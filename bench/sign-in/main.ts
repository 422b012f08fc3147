/** What the sign-in of service accounts costs, how many wrong secrets are compared, and whether its time tells who there is. */
import { join } from "node:path";
import { cpuSeconds } from "../support/cpu-time.ts";
import { readFlags } from "../support/flags.ts";
import { startLockoutd } from "../support/lockoutd-server.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { readCount } from "../support/read-count.ts";
import { areaUnderCurve, median } from "../support/statistics.ts";
import { withTempDir } from "../support/temp-dir.ts";
import { assertionOf, callServer, makeAccount } from "./accounts.ts";
import type { BenchAccount } from "./accounts.ts";
import { encodeRequest, RawConnection, sendAll } from "./http-load.ts";
import type { RawRequest } from "./http-load.ts";

const help = `npm run bench:sign-in -- [options]

Starts a server on SQLite, on a core of its own, and prints how many tokens and introspections a second it makes, the CPU time of a call by each kind of
token, how many of 10,000 wrong secrets that come at once are compared, and how long a wrong secret takes of clients that there are and that there are not.
Run it on a quiet machine: taskset -c 1 npm run bench:sign-in

  --seconds 10     how long tokens and introspections are asked for
  --rounds 15      how often each kind of token gets its load
  --samples 6000   how many wrong secrets are timed, half of them of a client that there is
`;

const flags = readFlags(help, {
  seconds: { type: "string", default: "10" },
  rounds: { type: "string", default: "15" },
  samples: { type: "string", default: "6000" },
});
const seconds = readCount("seconds", flags.seconds, 1);
const rounds = readCount("rounds", flags.rounds, 1);
const samples = readCount("samples", flags.samples, 100);

const connections = 16;
const callsARound = 4000;
const wrongSecrets = 10_000;
const aims = { tokens: 2000, introspections: 5000, micros: 2 };

const form = { "content-type": "application/x-www-form-urlencoded" };
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

await withTempDir(undefined, async (directory) => {
  const start = (name: string, more: readonly string[] = []) =>
    startLockoutd({ database: join(directory, `${name}.db`), flags: more });
  const server = await start("opaque");
  const account = await makeAccount(server, "login-page");
  await measureRates("opaque", server, account);
  await measureCalls(server, account);
  await measureGuessing(server, account);
  await server.stop();

  const jwt = await start("jwt", ["--access-token-type", "jwt"]);
  await measureRates("jwt", jwt, await makeAccount(jwt, "login-page"));
  await jwt.stop();

  const unlimited = await start("timing", ["--client-secret-limit", "0"]);
  await makeAccount(unlimited, "known-client");
  await measureTiming(unlimited);
  await unlimited.stop();
});

function encodeFor(server: LockoutdServer, request: RawRequest): Buffer {
  return encodeRequest(new URL(server.url).host, request);
}

function postForm(
  server: LockoutdServer,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const body = new URLSearchParams(fields).toString();
  return encodeFor(server, {
    ...{ method: "POST", path, body, headers: { ...form, ...headers } },
  });
}

function basic(id: string, secret: string): Readonly<Record<string, string>> {
  const encoded = Buffer.from(`${id}:${secret}`).toString("base64");
  return { authorization: `Basic ${encoded}` };
}

/** Assertions of different seconds: each is verified, though the server would take one of them any number of times. */
function assertionRequests(
  server: LockoutdServer,
  account: BenchAccount,
): readonly Buffer[] {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: 500 }, (_each, before) =>
    postForm(server, "/oauth/v2/token", {
      grant_type: jwtBearer,
      assertion: assertionOf(account, server.url, now - before),
      scope: "openid urn:zitadel:iam:org:project:id:zitadel:aud",
    }),
  );
}

async function readToken(
  server: LockoutdServer,
  account: BenchAccount,
): Promise<string> {
  const connection = await RawConnection.open(server.port);
  const [request] = assertionRequests(server, account);
  const { body } = await connection.send(request ?? Buffer.alloc(0));
  connection.close();
  const { access_token: token } = JSON.parse(body) as { access_token: string };
  return token;
}

async function measureRates(
  type: "opaque" | "jwt",
  server: LockoutdServer,
  account: BenchAccount,
): Promise<void> {
  const tokens = assertionRequests(server, account);
  const token = await readToken(server, account);
  const introspection = postForm(
    server,
    "/oauth/v2/introspect",
    { token },
    basic(account.loginName, account.secret),
  );
  const rows = [
    ["tokens by assertions with RS256", tokens, aims.tokens],
    ["introspections", [introspection], aims.introspections],
  ] as const;
  for (const [name, requests, aim] of rows) {
    const { perSecond, micros } = await rate(server, requests);
    report(
      `${name} (${type})`,
      `${Math.round(perSecond).toLocaleString("en-US")} a second, ${micros.toFixed(0)} µs of CPU time each`,
      // The aims are of what a server does unless told otherwise.
      type === "jwt" || perSecond >= aim,
    );
  }
}

/** Responses a second, and the CPU time of one, once the code is warm. */
async function rate(
  server: LockoutdServer,
  requests: readonly Buffer[],
): Promise<{ readonly perSecond: number; readonly micros: number }> {
  let count = 2000;
  for (;;) {
    const usedBefore = cpuSeconds(server.pid) ?? NaN;
    const began = performance.now();
    await sendAll(server.port, connections, count, requests, 200);
    const ms = performance.now() - began;
    if (ms >= seconds * 1000) {
      const used = (cpuSeconds(server.pid) ?? NaN) - usedBefore;
      return { perSecond: (count / ms) * 1000, micros: (used / count) * 1e6 };
    }
    count = Math.ceil(
      count * Math.max(1.1, Math.min((seconds * 1100) / ms, 8)),
    );
  }
}

/** The CPU time of a call by a personal token and by an access token, by turns. */
async function measureCalls(
  server: LockoutdServer,
  account: BenchAccount,
): Promise<void> {
  const call = (token: string) =>
    encodeFor(server, {
      ...{ method: "GET", path: "/admin/v1/policies/lockout" },
      headers: { authorization: `Bearer ${token}` },
    });
  const kinds = {
    personal: call(server.token),
    access: call(await readToken(server, account)),
  };
  const micros = async (request: Buffer) => {
    const before = cpuSeconds(server.pid) ?? NaN;
    await sendAll(server.port, connections, callsARound, [request], 200);
    const used = (cpuSeconds(server.pid) ?? NaN) - before;
    return (used / callsARound) * 1e6;
  };
  const differences: number[] = [];
  const times = { personal: [] as number[], access: [] as number[] };
  for (let round = -3; round < 2 * rounds; round += 1) {
    const order = (["personal", "access"] as const).toSorted(() =>
      round % 2 === 0 ? 0 : -1,
    );
    const used = { personal: 0, access: 0 };
    for (const kind of order) {
      used[kind] = await micros(kinds[kind]);
    }
    // The first ones compile.
    if (round >= 0) {
      times.personal.push(used.personal);
      times.access.push(used.access);
      differences.push(used.access - used.personal);
    }
  }
  const mean = (values: readonly number[]) =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const more = mean(differences);
  const error = Math.sqrt(
    mean(differences.map((one) => (one - more) ** 2)) / differences.length,
  );
  report(
    "a call by an access token (opaque), CPU time",
    `${mean(times.access).toFixed(2)} µs, by a personal one ${mean(times.personal).toFixed(2)} µs: ${more.toFixed(2)} µs more (± ${error.toFixed(2)})`,
    more <= aims.micros,
  );
}

/** Wrong secrets that come at once. How many were compared, the events say. */
async function measureGuessing(
  server: LockoutdServer,
  { id, loginName }: BenchAccount,
): Promise<void> {
  const wrong = (at: number) =>
    postForm(
      server,
      "/oauth/v2/token",
      { grant_type: "client_credentials" },
      basic(loginName, String(at).padStart(64, "x")),
    );
  const requests = Array.from({ length: wrongSecrets }, (_each, at) =>
    wrong(at),
  );
  const began = performance.now();
  await sendAll(server.port, 500, wrongSecrets, requests, 401);
  const ms = performance.now() - began;
  // Events are written some seconds later.
  let compared = 0;
  for (let tries = 0; tries < 20 && compared === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { events = [] } = (await callServer(
      server,
      "/admin/v1/events/_search",
      { aggregateId: id, limit: 100 },
    )) as { events?: readonly SecretEvent[] };
    compared = events
      .filter(({ type }) => type.type.endsWith("secret.check.failed"))
      .reduce((sum, { payload }) => sum + payload.failedAttempts, 0);
  }
  report(
    `${wrongSecrets.toLocaleString("en-US")} wrong secrets at once, in ${Math.round(ms)} ms`,
    `${compared} were compared`,
    compared === 100,
  );
}

interface SecretEvent {
  readonly type: { readonly type: string };
  readonly payload: { readonly failedAttempts: number };
}

/** How long a wrong secret takes of a client that there is, and of one that there is not, in random order. */
async function measureTiming(server: LockoutdServer): Promise<void> {
  const names = { known: "known-client", unknown: "other-client" };
  const requestOf = (name: string) =>
    postForm(
      server,
      "/oauth/v2/token",
      { grant_type: "client_credentials" },
      basic(name, "x".repeat(64)),
    );
  const requests = {
    known: requestOf(names.known),
    unknown: requestOf(names.unknown),
  };
  const connection = await RawConnection.open(server.port);
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let sample = -2000; sample < samples; sample += 1) {
    const side = Math.random() < 0.5 ? "known" : "unknown";
    const began = performance.now();
    await connection.send(requests[side]);
    const ms = performance.now() - began;
    if (sample >= 0) {
      times[side].push(ms);
    }
  }
  connection.close();
  const area = areaUnderCurve(times.known, times.unknown);
  const micros = (values: readonly number[]) =>
    (median(values) * 1000).toFixed(1);
  report(
    "a wrong secret of a client that there is",
    `${micros(times.known)} µs, of one that there is not ${micros(times.unknown)} µs, area under the curve ${area.toFixed(3)}`,
    area >= 0.45 && area <= 0.55,
  );
}

function report(what: string, found: string, isReached: boolean): void {
  if (!isReached) {
    process.exitCode = 1;
  }
  process.stdout.write(`${what}: ${found}${isReached ? "" : " MISSED"}\n`);
}
