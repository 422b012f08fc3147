import { setTimeout as delay } from "node:timers/promises";
import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { callServer, makeAccount } from "./accounts.ts";
import { sendTogether } from "./http2-load.ts";
import { report } from "./report.ts";
import { basic } from "./requests.ts";

const wrongSecrets = 10_000;
/** `--client-secret-limit` of a server that is not told otherwise. */
const limit = 100;
/** Events are written every three seconds. */
const settledMs = 7000;

interface SecretEvent {
  readonly type: { readonly type: string };
  readonly payload: { readonly failedAttempts: number };
}

/** Wrong secrets that come at once, to each node as many. How many were compared, the events say: each node counts for itself. */
export async function measureGuessing(
  nodes: readonly [LockoutdServer, ...LockoutdServer[]],
): Promise<void> {
  const [first] = nodes;
  const { id, loginName } = await makeAccount(first, "guessed-at");
  const requests = Array.from({ length: wrongSecrets }, (_each, at) => ({
    path: "/oauth/v2/token",
    headers: basic(loginName, String(at).padStart(64, "x")),
    body: "grant_type=client_credentials",
  }));
  const began = performance.now();
  const statuses = await sendTogether(
    nodes.map(({ url }) => url),
    requests,
  );
  const ms = performance.now() - began;
  const compared = await countCompared(first, id);
  const others = statuses.filter((status) => status !== 401).length;
  report(
    `${wrongSecrets.toLocaleString("en-US")} wrong secrets in flight at once, ${nodes.length === 1 ? "one node on SQLite" : `${nodes.length} nodes on PostgreSQL`}, in ${Math.round(ms)} ms`,
    `${compared} were compared${others === 0 ? "" : `, ${others} were not answered with 401`}`,
    compared === limit * nodes.length && others === 0,
  );
}

async function countCompared(
  server: LockoutdServer,
  accountId: string,
): Promise<number> {
  await delay(settledMs);
  const { events = [] } = (await callServer(
    server,
    "/admin/v1/events/_search",
    { aggregateId: accountId, limit: 1000 },
  )) as { events?: readonly SecretEvent[] };
  return events
    .filter(({ type }) => type.type.endsWith("secret.check.failed"))
    .reduce((sum, { payload }) => sum + payload.failedAttempts, 0);
}
