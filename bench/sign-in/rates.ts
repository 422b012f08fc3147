import { cpuSeconds } from "../support/cpu-time.ts";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import type { BenchAccount } from "./accounts.ts";
import { sendAll } from "./http-load.ts";
import { report } from "./report.ts";
import {
  assertionRequests,
  basic,
  encodeFor,
  postForm,
  readToken,
} from "./requests.ts";

const connections = 16;
const callsARound = 4000;
const aims = { tokens: 2000, introspections: 5000, micros: 2 };

/** How many tokens and introspections a second a server makes. */
export async function measureRates(
  type: "opaque" | "jwt",
  server: LockoutdServer,
  account: BenchAccount,
  seconds: number,
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
    const { perSecond, micros } = await rate(server, requests, seconds);
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
  seconds: number,
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
export async function measureCalls(
  server: LockoutdServer,
  account: BenchAccount,
  rounds: number,
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
