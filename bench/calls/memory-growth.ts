import { residentBytes } from "../support/memory.ts";
import { contestants, portOf } from "./contestants.ts";
import { createH2load } from "./load/h2load.ts";
import { findTool } from "./tools.ts";
import { verify } from "./verify.ts";

/** The memory, in bytes, that the server has after so many requests. */
export interface MemoryPoint {
  readonly requests: number;
  readonly residentBytes: number;
}

const firstStages = [10_000, 100_000];

/** Reads policies by gRPC from a new server of ours, so many times in all; answers nothing where the system does not say. */
export async function watchMemory(
  directory: string,
  total: number,
): Promise<readonly MemoryPoint[]> {
  const h2load = findTool("h2load");
  if (typeof h2load === "object") return [];
  const server = await contestants.lockoutd.start(directory);
  try {
    const answerBytes = await verify("grpc", server);
    const target = { port: portOf(server, "grpc"), token: server.token };
    const load = createH2load(h2load, directory, target, answerBytes);
    const points: MemoryPoint[] = [];
    let made = 0;
    for (const requests of [
      ...firstStages.filter((stage) => stage < total),
      total,
    ]) {
      await load.runCount(requests - made);
      made = requests;
      const resident = residentBytes(server.pid);
      if (resident === undefined) return [];
      points.push({ requests, residentBytes: resident });
    }
    return points;
  } finally {
    await server.stop();
  }
}
