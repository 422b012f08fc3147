import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import {
  findProgram,
  freePort,
  spawnPinned,
  stopProcess,
} from "./processes.ts";

/** A database server that a benchmark started for itself. */
export interface PeerServer {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  stop(): Promise<void>;
}

/** Why a peer is left out. */
export interface Skipped {
  readonly skipped: string;
}

/** Starts Redis as one does who must not lose a count: every write is on disk before it is answered. */
export async function startRedis(
  directory: string,
): Promise<PeerServer | Skipped> {
  const program = findProgram("redis-server");
  if (program === undefined) {
    return { skipped: "redis-server is not installed (Debian: redis-server)" };
  }
  const port = await freePort();
  const child = spawnPinned(
    "server",
    program,
    [
      ...["--bind", "127.0.0.1", "--port", `${port}`, "--dir", directory],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const { pid } = child;
  if (pid === undefined) {
    throw new Error("Redis could not be started");
  }
  const info = await untilReady(() => ask(port, "INFO server\r\n"));
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown";
  return { port, pid, version, stop: () => stopProcess(child) };
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => socket.write(command));
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });
}

/** Asks a server that is starting until it answers, for ten seconds. */
export async function untilReady<T>(question: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await question();
    } catch (error) {
      if (tries === 100) {
        throw error;
      }
      await setTimeout(100);
    }
  }
}
