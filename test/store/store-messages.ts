import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a store in another process is told to do. */
export type StoreRequest =
  | { readonly kind: "change"; readonly orgId: string; readonly value: number }
  /** Changes a policy over and over, one change after the other. */
  | { readonly kind: "stream"; readonly orgId: string }
  /** Ends the stream; the answer has the last sequence. */
  | { readonly kind: "stop" };

export type StoreResponse =
  | { readonly kind: "ready" }
  | { readonly kind: "changed"; readonly sequence: number }
  | {
      readonly kind: "failed";
      readonly name: string;
      readonly message: string;
    };

/** A store in a process of its own. */
export interface StoreProcess {
  readonly child: ChildProcess;
  send(request: StoreRequest): void;
  /** The next answer. */
  receive(): Promise<StoreResponse>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

export async function startStoreProcess(
  path: string,
  role: "server" | "tool" = "server",
): Promise<StoreProcess> {
  const script = fileURLToPath(new URL("./store-process.ts", import.meta.url));
  const child = fork(script, [path, role], { execArgv: [] });
  const exit = once(child, "exit");
  const receive = async () => {
    const [response] = (await Promise.race([
      once(child, "message"),
      exit.then(() => {
        throw new Error("the process ended");
      }),
    ])) as [StoreResponse];
    return response;
  };
  await receive();
  return {
    child,
    send: (request) => {
      child.send(request);
    },
    receive,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}
