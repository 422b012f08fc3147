import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { spawnPinned, stopProcess } from "../../support/processes.ts";
import type { Load, Target } from "./load.ts";
import type { WriteAnswer, WriteRun } from "./write-process.ts";

const program = fileURLToPath(new URL("write-process.ts", import.meta.url));

/** Our own load generator, since h2load sends one body again and again, and the same policy twice is no change. */
export function createWriteLoad({ port, token }: Target): Load {
  const child = spawnPinned("load", process.execPath, [program], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return {
    run: async (seconds) => {
      const run: WriteRun = { port, token, seconds };
      child.send(run);
      const [answer] = (await Promise.race([
        once(child, "message"),
        once(child, "exit").then(() => [
          { failed: "the process that makes the load has ended" },
        ]),
      ])) as [WriteAnswer];
      if ("failed" in answer) throw new Error(answer.failed);
      return answer.measured;
    },
    stop: () => stopProcess(child),
  };
}
