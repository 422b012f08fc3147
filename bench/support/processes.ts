import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";

/** Where a process runs: what serves has a core to itself, what asks has another. */
export type Core = "server" | "load";

const cores: Readonly<Record<Core, number>> = { server: 0, load: 1 };

/** Whether processes are pinned: with `taskset`, and a core for each side. */
export const pinning =
  availableParallelism() > 1 && findProgram("taskset") !== undefined;

/** The full path of a program, or undefined where it is not installed. */
export function findProgram(
  name: string,
  folders: readonly string[] = [],
): string | undefined {
  const path = process.env["PATH"]?.split(delimiter) ?? [];
  return [...path, ...folders]
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const started = new Set<ChildProcess>();

/**
 * Starts a program, pinned to a core where that is possible. `taskset` becomes the program: the id is the same.
 * The program ends with this process, however that ends.
 */
export function spawnPinned(
  core: Core,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = pinning
    ? spawn("taskset", ["-c", `${cores[core]}`, program, ...args], options)
    : spawn(program, args, options);
  if (started.size === 0) {
    endAllAtExit();
  }
  started.add(child);
  child.once("exit", () => started.delete(child));
  return child;
}

let prepared = false;
function endAllAtExit(): void {
  if (prepared) {
    return;
  }
  prepared = true;
  process.on("exit", () => {
    for (const child of started) {
      child.kill("SIGKILL");
    }
  });
  // Without these the process would end at once, and not by way of `exit`.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => process.exit(1));
  }
}

/** Ends a process, and waits until it has ended. */
export async function stopProcess(
  child: ChildProcess,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error("a TCP server has a port");
  }
  return address.port;
}

/** The user and group of a name; undefined where the system has none. */
export function findUser(
  name: string,
): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = ["-u", "-g"].map((flag) => {
    const { status, stdout } = spawnSync("id", [flag, name]);
    return status === 0 ? Number(stdout.toString()) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}
