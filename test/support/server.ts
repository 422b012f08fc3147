import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerConfig } from "../../src/config.ts";
import { defaultConfig } from "../../src/config.ts";
import { openTestPostgres } from "./postgres.ts";
import { startServer } from "../../src/server.ts";
import type { RunningServer, ServerParts } from "../../src/server.ts";

/** A server on a port and a database of its own. */
export interface TestServer extends RunningServer {
  /** A token with the role IAM_OWNER. */
  readonly adminToken: string;
  readonly instanceId: string;
  readonly firstOrgId: string;
  /** The server's clock. */
  readonly now: () => number;
  /** Sets the server's clock forward. */
  readonly advance: (ms: number) => void;
}

/** A database of its own for a test, of the engine that TEST_ENGINE names; else SQLite. */
async function makeDatabase(): Promise<{
  readonly url: string;
  readonly remove: () => Promise<void>;
}> {
  if (process.env["TEST_ENGINE"] === "postgres") {
    const postgres = await openTestPostgres();
    const { url, drop } = await postgres.createMigrated();
    return {
      url,
      remove: async () => {
        await drop();
        await postgres.close();
      },
    };
  }
  const directory = await mkdtemp(join(tmpdir(), "lockoutd-test-"));
  return {
    url: `sqlite:${join(directory, "lockoutd.db")}`,
    remove: () => rm(directory, { recursive: true }),
  };
}

/** Starts a server for a test; `close` also removes its database. */
export async function startTestServer(
  config: Partial<ServerConfig> = {},
  parts: Pick<ServerParts, "stopwatch" | "log"> = {},
): Promise<TestServer> {
  const database = await makeDatabase();
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const server = await startServer(
    {
      ...defaultConfig,
      listen: { host: "127.0.0.1", port: 0 },
      database: database.url,
      logLevel: "silent",
      ...config,
    },
    { ...parts, now },
  );
  const { created } = server;
  const adminToken = config.adminToken ?? created?.adminToken;
  if (created === undefined || adminToken === undefined) {
    throw new Error("a first start creates an instance and a token");
  }
  return {
    ...server,
    adminToken,
    instanceId: created.instanceId,
    firstOrgId: created.orgId,
    now,
    advance: (ms) => {
      ahead += ms;
    },
    close: async () => {
      await server.close();
      await database.remove();
    },
  };
}
