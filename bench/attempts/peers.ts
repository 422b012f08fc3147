import { copyFileSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startLockoutd } from "../support/lockoutd-server.ts";
import { startPostgres } from "../support/postgres.ts";
import type { Core } from "../support/processes.ts";
import { startRedis } from "../support/redis-server.ts";
import type { PeerServer, Skipped } from "../support/redis-server.ts";
import { subDirectory } from "../support/temp-dir.ts";
import type { DriverSpec } from "./drivers/driver.ts";
import { driveLockoutd } from "./drivers/lockoutd.ts";
import { userCount } from "./drivers/driver.ts";

/** A system that is measured, and how it is driven. */
export interface Peer {
  readonly title: string;
  /** @param before the checkout that `--before` names */
  readonly start: (
    directory: string,
    template: string,
    before?: string,
  ) => Promise<StartedPeer | Skipped>;
}

export interface StartedPeer {
  readonly driver: DriverSpec;
  /** The server's process; undefined where the load is made in the same process. */
  readonly cpuOf: number | undefined;
  /** The core of the process that makes the load. */
  readonly core: Core;
  readonly version?: string;
  stop(): Promise<void>;
}

export const peers = {
  lockoutd: {
    title: "lockoutd, gRPC over the network",
    start: (directory, template) => startServer(directory, template),
  },
  before: {
    title: "lockoutd before",
    start: async (directory, _template, before = ".") => {
      const entry = resolve(before, "src/main.ts");
      // It could not read a database of ours.
      const template = await createTemplate(directory, entry);
      return startServer(directory, template, entry);
    },
  },
  rules: {
    title: "lockoutd with every rule",
    start: async (directory, template) => {
      const peer = await startServer(directory, template);
      await setEveryRule(peer.driver);
      return peer;
    },
  },
  "one-by-one": {
    title: "the same, one transaction per request",
    start: (directory, template) =>
      startServer(
        directory,
        template,
        fileURLToPath(new URL("one-by-one.ts", import.meta.url)),
      ),
  },
  postgres: {
    title: "PostgreSQL by `pg`, no service before it",
    start: async (directory) =>
      startedPeer("postgres", await startPostgres(directory)),
  },
  redis: {
    title: "Redis, `appendfsync always`, no service before it",
    start: async (directory) =>
      startedPeer("redis", await startRedis(directory)),
  },
  store: {
    title: "lockoutd's store, in process",
    start: async (directory, template) => ({
      ...inProcess,
      driver: { kind: "store", database: copy(template, directory) },
    }),
  },
  sqlite: {
    title: "raw SQLite with group commit, in process",
    start: async (directory, template) => ({
      ...inProcess,
      driver: { kind: "sqlite", database: copy(template, directory) },
    }),
  },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

/** The rules of {@link peers.rules}; none of them is ever reached. */
const everyRule = {
  lockDuration: "900s",
  lockGrowth: 2,
  observationWindow: "1800s",
  ceiling: 4_000_000_000,
  lockScope: "LOCK_SCOPE_FACTOR",
  rememberedSecrets: 10,
  devices: { maxAttempts: 10 },
  sources: { maxFailures: 4_000_000_000, window: "600s" },
  storms: { maxLocks: 10_000, window: "600s" },
};

/** Has a server enforce every rule. */
export async function setEveryRule({
  port,
  token,
}: {
  readonly port: number;
  readonly token: string;
}): Promise<void> {
  const response = await fetch(
    `http://127.0.0.1:${port}/lockout/v1/instance/policy/rules`,
    {
      method: "PUT",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(everyRule),
    },
  );
  if (!response.ok) {
    throw new Error(await response.text());
  }
}

const inProcess = {
  cpuOf: undefined,
  core: "server",
  stop: async () => undefined,
} as const;

/** Makes the database that all who work on ours start from: each user has made one attempt. @param entry the file that node runs; else the server's own */
export async function createTemplate(
  directory: string,
  entry?: string,
): Promise<string> {
  const database = join(directory, "template.db");
  const server = await startLockoutd({
    database,
    ...(entry !== undefined && { entry }),
  });
  const inFlight = 64;
  const driver = await driveLockoutd(server, inFlight);
  let next = 0;
  const oneAfterAnother = async () => {
    while (next < userCount) {
      next += 1;
      await driver.pair(next - 1, "succeeded");
    }
  };
  await Promise.all(Array.from({ length: inFlight }, oneAfterAnother));
  await driver.close();
  await server.stop();
  return database;
}

async function startServer(
  directory: string,
  template: string,
  entry?: string,
) {
  const server = await startLockoutd({
    database: copy(template, directory),
    ...(entry !== undefined && { entry }),
  });
  const { port, token, pid } = server;
  return {
    driver: { kind: "lockoutd", port, token },
    cpuOf: pid,
    core: "load",
    stop: () => server.stop(),
  } as const satisfies StartedPeer;
}

function startedPeer(
  kind: "redis" | "postgres",
  server: PeerServer | Skipped,
): StartedPeer | Skipped {
  if ("skipped" in server) {
    return server;
  }
  const { port, pid, version } = server;
  return {
    driver: { kind, port },
    cpuOf: pid,
    core: "load",
    version,
    stop: () => server.stop(),
  };
}

function copy(template: string, directory: string): string {
  const database = join(directory, "lockoutd.db");
  copyFileSync(template, database);
  // What the database seals is opened by the key beside it; an old server has none.
  if (existsSync(`${template}.key`)) {
    copyFileSync(`${template}.key`, `${database}.key`);
  }
  return database;
}

/** A directory for each peer. */
export function peerDirectory(parent: string, name: PeerName): string {
  return subDirectory(parent, name);
}
