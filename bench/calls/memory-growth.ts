import { connectInspector } from "../support/inspector.ts";
import type { Inspector } from "../support/inspector.ts";
import { residentBytes } from "../support/memory.ts";
import { freePort } from "../support/processes.ts";
import { portOf, startOurs } from "./contestants.ts";
import { createH2load } from "./load/h2load.ts";
import { findTool } from "./tools.ts";
import { verify } from "./verify.ts";

/** The memory, in bytes, that the server has after so many requests. */
export interface MemoryPoint {
  readonly requests: number;
  /** What lives: the heap after a full collection. */
  readonly liveBytes: number;
  /** What the process has of the system, garbage and room for it included. */
  readonly residentBytes: number;
}

const firstStages = [10_000, 100_000];

/** Reads policies by gRPC from a new server of ours, so many times in all; answers nothing where the system does not say. */
export async function watchMemory(
  directory: string,
  total: number,
): Promise<readonly MemoryPoint[]> {
  const h2load = findTool("h2load");
  if (typeof h2load === "object") {
    return [];
  }
  const inspectorPort = await freePort();
  const server = await startOurs(directory, {
    nodeOptions: [`--inspect=127.0.0.1:${inspectorPort}`],
  });
  try {
    const inspector = await connectInspector(inspectorPort);
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
      // Before the collection: it is what an operator sees.
      const resident = residentBytes(server.pid);
      if (resident === undefined) {
        return [];
      }
      points.push({
        requests,
        residentBytes: resident,
        liveBytes: await measureLive(inspector),
      });
    }
    inspector.close();
    return points;
  } finally {
    await server.stop();
  }
}

async function measureLive(inspector: Inspector): Promise<number> {
  await inspector.call("HeapProfiler.collectGarbage");
  const { usedSize } = await inspector.call("Runtime.getHeapUsage");
  return Number(usedSize);
}
