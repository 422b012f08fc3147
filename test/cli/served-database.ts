import { afterAll, beforeAll, vi } from "vitest";
import type { ServerConfig } from "../../src/config.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";

/** A database that commands work on, and the server that serves it meanwhile. */
export interface ServedDatabase {
  readonly directory: TempDir;
  /** The database's URL. */
  readonly database: string;
  readonly server: TestServer;
  /** The arguments of a command that works on the database. */
  readonly onDatabase: () => readonly string[];
  /** The arguments of a command that asks the server, as an administrator. */
  readonly onServer: () => readonly string[];
}

/** A database that is served, for the commands of a test file, which have none of this process's settings. */
export function serveDatabase(
  config: Partial<ServerConfig> = {},
): ServedDatabase {
  let directory: TempDir | undefined;
  let database = "";
  let server: TestServer | undefined;
  beforeAll(async () => {
    for (const name of ["DATABASE", "SERVER", "TOKEN"]) {
      vi.stubEnv(`LOCKOUTD_${name}`, undefined);
    }
    directory = await makeTempDir();
    database = `sqlite:${directory.file("lockoutd.db")}`;
    server = await startTestServer({ database, ...config });
  });
  afterAll(async () => {
    await server?.close();
    vi.unstubAllEnvs();
    await directory?.remove();
  });
  return {
    get directory() {
      return started(directory);
    },
    get database() {
      return database;
    },
    get server() {
      return started(server);
    },
    onDatabase: () => ["--database", database],
    onServer: () => [
      ...["--server", started(server).url],
      ...["--token", started(server).adminToken],
    ],
  };
}

function started<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error("no test runs yet");
  }
  return value;
}

/** Creates an organisation whose name others may have, and returns its id. */
export async function createOrg(on: readonly string[]): Promise<string> {
  const { stdout } = await run(
    ...["org", "create", "Sales", "--allow-duplicate"],
    ...on,
  );
  return stdout.trim();
}
