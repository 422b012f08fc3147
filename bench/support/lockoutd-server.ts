import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openLogPipe } from "./log-pipe.ts";
import { spawnPinned, stopProcess } from "./processes.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A server in a process of its own, as an operator starts it. */
export interface LockoutdServer {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly child: ChildProcess;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface LockoutdOptions {
  /** The database file, or a URL of PostgreSQL. */
  readonly database: string;
  /** The file that node runs; else the server's own. */
  readonly entry?: string;
  /** So many wrong passwords lock a user, if the database is new: 5 unless set. */
  readonly passwordLimit?: number;
  /** Options for Node itself. */
  readonly nodeOptions?: readonly string[];
  /** More flags of `lockoutd serve`. */
  readonly flags?: readonly string[];
}

export const defaultPasswordLimit = 5;

/** The benchmarks' token: databases are copied, and so it is the same in all. */
const token = randomBytes(32).toString("base64url");

/** Starts `lockoutd serve` on the server's core, and waits until it listens. It logs as it does unless told otherwise, into a pipe. */
export async function startLockoutd({
  database,
  entry = main,
  passwordLimit = defaultPasswordLimit,
  nodeOptions = [],
  flags = [],
}: LockoutdOptions): Promise<LockoutdServer> {
  const log = openLogPipe();
  const child = spawnPinned(
    "server",
    process.execPath,
    [
      ...nodeOptions,
      entry,
      "serve",
      ...["--listen", "127.0.0.1:0"],
      ...[
        "--database",
        database.includes("://") ? database : `sqlite:${database}`,
      ],
      ...["--default-max-password-attempts", `${passwordLimit}`],
      ...flags,
    ],
    {
      env: { ...process.env, LOCKOUTD_ADMIN_TOKEN: token },
      stdio: ["ignore", "pipe", log.descriptor],
    },
  );
  log.close();
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) {
    throw new Error("the server could not be started");
  }
  for await (const line of createInterface({ input: stdout })) {
    const url = /listens on (\S+?),/.exec(line)?.[1];
    if (url === undefined) {
      continue;
    }
    stdout.resume();
    return {
      url,
      port: Number(new URL(url).port),
      token,
      child,
      pid,
      stop: () => stopProcess(child),
    };
  }
  throw new Error("the server ended before it listened");
}
