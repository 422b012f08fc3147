import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { loadOptional, notInstalled } from "./optional-package.ts";
import {
  findProgram,
  findUser,
  freePort,
  spawnPinned,
  stopProcess,
} from "./processes.ts";
import { untilReady } from "./redis-server.ts";
import type { PeerServer, Skipped } from "./redis-server.ts";

/** What is used of the package `pg`. */
export interface PgPackage {
  readonly default: {
    readonly Pool: new (options: PgPoolOptions) => PgPool;
  };
}

export interface PgPoolOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly max: number;
}

export interface PgQueries {
  query(
    query:
      | string
      | {
          readonly name: string;
          readonly text: string;
          readonly values: readonly unknown[];
        },
  ): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
}

export interface PgPool extends PgQueries {
  on(event: "error", listener: () => void): void;
  connect(): Promise<PgQueries & { release(): void }>;
  end(): Promise<void>;
}

/** Where Debian has its programs. */
export const postgresFolders = [18, 17, 16, 15, 14].map(
  (major) => `/usr/lib/postgresql/${major}/bin`,
);

/**
 * Starts PostgreSQL with the settings that it comes with, on a new cluster. It refuses to run as root, and then
 * runs as `postgres` or `nobody`.
 */
export async function startPostgres(
  directory: string,
): Promise<PeerServer | Skipped> {
  const initdb = findProgram("initdb", postgresFolders);
  const postgres = findProgram("postgres", postgresFolders);
  if (initdb === undefined || postgres === undefined) {
    return { skipped: "postgres is not installed (Debian: postgresql)" };
  }
  const pg = await loadOptional<PgPackage>("pg");
  if (pg === undefined) {
    return { skipped: notInstalled("pg") };
  }
  const root = process.getuid?.() === 0;
  const other = root ? (findUser("postgres") ?? findUser("nobody")) : undefined;
  if (root && other === undefined) {
    return { skipped: "it must not run as root, and there is no other user" };
  }
  if (other !== undefined) {
    chownSync(directory, other.uid, other.gid);
  }
  const data = join(directory, "data");
  const created = spawnSync(
    initdb,
    ["-D", data, "-U", "bench", "--auth", "trust", "-E", "UTF8", "--locale=C"],
    { ...other, cwd: directory },
  );
  if (created.status !== 0) {
    return { skipped: `initdb failed: ${created.stderr.toString().trim()}` };
  }
  const port = await freePort();
  const child = spawnPinned(
    "server",
    postgres,
    ["-D", data, "-p", `${port}`, "-h", "127.0.0.1", "-k", directory],
    { ...other, cwd: directory, stdio: ["ignore", "ignore", "ignore"] },
  );
  const { pid } = child;
  if (pid === undefined) {
    throw new Error("PostgreSQL could not be started");
  }
  const pool = openPool(pg, port, 1);
  const { rows } = await untilReady(() => pool.query("SHOW server_version"));
  await pool.end();
  return {
    port,
    pid,
    version: String(rows[0]?.["server_version"]).split(" ")[0] ?? "unknown",
    // SIGINT: without waiting for clients.
    stop: () => stopProcess(child, "SIGINT"),
  };
}

/** Runs statements in a database of a cluster that `startPostgres` started. */
export async function runSql(
  port: number,
  database: string,
  sql: string,
): Promise<void> {
  const client = new Client({
    ...{ host: "127.0.0.1", port, user: "bench", database },
  });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Makes a database in a cluster that `startPostgres` started, and returns its URL. */
export async function createDatabase(
  port: number,
  name: string,
): Promise<string> {
  await runSql(port, "postgres", `CREATE DATABASE ${name}`);
  return `postgres://bench@127.0.0.1:${port}/${name}`;
}

/** A pool of connections to a cluster that `startPostgres` started. */
export function openPool(pg: PgPackage, port: number, max: number): PgPool {
  const pool = new pg.default.Pool({
    host: "127.0.0.1",
    port,
    user: "bench",
    database: "postgres",
    max,
  });
  // The server's end is not this process's.
  pool.on("error", () => undefined);
  return pool;
}
