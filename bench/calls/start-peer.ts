import { createInterface } from "node:readline";
import { spawnPinned, stopProcess } from "../support/processes.ts";
import type { Contender } from "./contestants.ts";
import { tokenVariable } from "./peers/peer-process.ts";
import type { PeerPorts } from "./peers/peer-process.ts";

/** Starts a peer on the server's core, and waits until it says where it listens. It writes no log. */
export async function startPeer(
  program: string,
  args: readonly string[],
  token: string,
): Promise<Contender> {
  const child = spawnPinned("server", program, args, {
    env: { ...process.env, [tokenVariable]: token, GOMAXPROCS: "1" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) {
    throw new Error(`${program} could not be started`);
  }
  for await (const line of createInterface({ input: stdout })) {
    stdout.resume();
    return {
      pid,
      ports: JSON.parse(line) as PeerPorts,
      token,
      stop: () => stopProcess(child),
    };
  }
  throw new Error(
    `${[program, ...args].join(" ")} ended before it listened: run it to see why, with ${tokenVariable} set`,
  );
}
