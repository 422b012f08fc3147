import { fileURLToPath } from "node:url";
import { startWorker } from "../../support/worker.ts";
import type { Load, LoadResult, Target } from "./load.ts";
import type { WriteRun } from "./write-process.ts";

const program = fileURLToPath(new URL("write-process.ts", import.meta.url));

/** Our own load generator, since h2load sends one body again and again, and the same policy twice is no change. */
export function createWriteLoad({ port, token }: Target): Load {
  const worker = startWorker<WriteRun, LoadResult>("load", program);
  return {
    run: (seconds) => worker.run({ port, token, seconds }),
    stop: () => worker.stop(),
  };
}
