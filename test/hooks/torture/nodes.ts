import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { fetchSamples } from "../../support/metrics-page.ts";
import { startServerProcess } from "../../support/server-process.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { hookClients } from "../stage.ts";

const token = "the-token-of-the-torture-administrator";

/** The calls of a node. */
export type NodeCalls = ReturnType<typeof hookClients>;

interface Node {
  readonly server: ServerProcess;
  readonly calls: NodeCalls;
}

/** Servers on one database, which are killed again and again. */
export interface Nodes {
  /** The calls of some node, by turns. */
  calls(): NodeCalls;
  /** Does something, at one node or another, until it is done. */
  done(work: (calls: NodeCalls) => Promise<void>): Promise<void>;
  /** Kills the node that sends, and then starts another in its place. @param whileDead runs in between */
  killSender(whileDead: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Starts so many. @param database a URL */
export async function startNodes(
  database: string,
  count: number,
  flags: readonly string[],
): Promise<Nodes> {
  const start = async (): Promise<Node> => {
    const file = database.replace(/^sqlite:/, "");
    const server = await startServerProcess(file, token, flags);
    return { server, calls: hookClients(server.url, token) };
  };
  // The first one creates the instance.
  const nodes = [await start()];
  while (nodes.length < count) {
    nodes.push(await start());
  }
  let turn = 0;
  const calls = () => {
    turn += 1;
    const node = nodes[turn % nodes.length];
    if (node === undefined) {
      throw new Error("there is no node");
    }
    return node.calls;
  };
  return {
    calls,
    done: async (work) => {
      for (;;) {
        try {
          await work(calls());
          return;
        } catch (error) {
          // It was done before a node died: what it would change is so already.
          if (ConnectError.from(error).code === Code.FailedPrecondition) {
            return;
          }
          await delay(50);
        }
      }
    },
    killSender: async (whileDead) => {
      const index = await senderAmong(nodes);
      await nodes[index]?.server.stop("SIGKILL");
      // On a database of its own there is none to take over.
      if (count > 1) {
        await whileDead();
      }
      nodes[index] = await start();
      if (count === 1) {
        await whileDead();
      }
    },
    close: async () => {
      await Promise.all(nodes.map(({ server }) => server.stop("SIGTERM")));
    },
  };
}

/** Which node sends to hooks now: by what it counts. */
async function senderAmong(nodes: readonly Node[]): Promise<number> {
  const sent = () =>
    Promise.all(
      nodes.map(async ({ server }) => {
        const samples = await fetchSamples(server.url, token);
        return [...samples]
          .filter(([series]) => series.startsWith("lockoutd_hook_deliveries"))
          .reduce((sum, [, value]) => sum + value, 0);
      }),
    );
  for (;;) {
    const before = await sent();
    await delay(50);
    const after = await sent();
    const index = after.findIndex((count, at) => count > (before[at] ?? 0));
    if (index >= 0) {
      return index;
    }
  }
}
