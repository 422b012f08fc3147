import { once } from "node:events";
import type { Core } from "./processes.ts";
import { spawnPinned, stopProcess } from "./processes.ts";

/** A process of ours that does as it is told, one thing after another; it lives on, so that its code is warm. */
export interface Worker<Order, Result> {
  /** Rejects where the work fails, or the process has ended. */
  run(order: Order): Promise<Result>;
  stop(): Promise<void>;
}

type Answer<Result> = { readonly done: Result } | { readonly failed: string };

/** Starts a program that calls {@link takeOrders}; `detached` has it be a session of its own. */
export function startWorker<Order extends object, Result>(
  core: Core,
  program: string,
  { detached = false }: { readonly detached?: boolean } = {},
): Worker<Order, Result> {
  const child = spawnPinned(core, process.execPath, [program], {
    detached,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(() => [
    { failed: "the process that makes the load has ended" },
  ]);
  return {
    run: async (order) => {
      child.send(order);
      const [answer] = (await Promise.race([
        once(child, "message"),
        ended,
      ])) as [Answer<Result>];
      if ("failed" in answer) {
        throw new Error(answer.failed);
      }
      return answer.done;
    },
    stop: () => stopProcess(child),
  };
}

/** Does what the parent orders, which is what `work` takes, and answers it. */
export function takeOrders(work: (order: never) => Promise<unknown>): void {
  const answer = (told: Answer<unknown>) => process.send?.(told);
  process.on("message", (order: unknown) => {
    work(order as never).then(
      (done) => answer({ done }),
      (error: unknown) =>
        answer({
          failed: error instanceof Error ? (error.stack ?? "") : String(error),
        }),
    );
  });
  process.on("disconnect", () => process.exit());
}
