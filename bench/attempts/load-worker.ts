import { fileURLToPath } from "node:url";
import type { Core } from "../support/processes.ts";
import { startWorker } from "../support/worker.ts";
import type { Worker } from "../support/worker.ts";
import type { LoadSpec, Measurement } from "./load.ts";

const program = fileURLToPath(new URL("load-process.ts", import.meta.url));

/** Starts a process that makes load. */
export function startLoadWorker(core: Core): Worker<LoadSpec, Measurement> {
  return startWorker(core, program);
}
