import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Core } from "../support/processes.ts";
import { spawnPinned, stopProcess } from "../support/processes.ts";
import type { LoadSpec, Measurement } from "./load.ts";
import type { LoadAnswer } from "./load-process.ts";

/** Makes load in a process of its own, which lives on, so that its code is warm from one run to the next. */
export interface LoadWorker {
  run(spec: LoadSpec): Promise<Measurement>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL("load-process.ts", import.meta.url));

export function startLoadWorker(core: Core): LoadWorker {
  const child = spawnPinned(core, process.execPath, [program], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return {
    run: async (spec) => {
      child.send(spec);
      const [answer] = (await Promise.race([
        once(child, "message"),
        once(child, "exit").then(() => [
          { failed: "the process that makes the load has ended" },
        ]),
      ])) as [LoadAnswer];
      if ("failed" in answer) throw new Error(answer.failed);
      return answer.measured;
    },
    stop: () => stopProcess(child),
  };
}
