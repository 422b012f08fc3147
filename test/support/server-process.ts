import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { mainProgram } from "./main-program.ts";

/** A server in a process of its own, as an operator starts it. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Sends a signal and waits for the end; answers the exit code, or null where the signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts `lockoutd serve`, and waits until it says where it listens.
 *
 * @param database a file, or a URL of PostgreSQL
 */
export async function startServerProcess(
  database: string,
  adminToken: string,
  flags: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      mainProgram,
      "serve",
      ...["--listen", "127.0.0.1:0"],
      ...["--database", urlOf(database)],
      ...["--log-level", "warn"],
      ...flags,
    ],
    {
      env: { ...process.env, LOCKOUTD_ADMIN_TOKEN: adminToken },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listens on (\S+?),/.exec(line)?.[1];
    if (url === undefined) {
      continue;
    }
    child.stdout.resume();
    return {
      url,
      child,
      stop: async (signal) => {
        const ended = once(child, "exit") as Promise<[number | null]>;
        child.kill(signal);
        const [code] = await ended;
        return code;
      },
    };
  }
  throw new Error(`the server ended before it listened: ${errors}`);
}

function urlOf(database: string): string {
  return database.includes("://") ? database : `sqlite:${database}`;
}
