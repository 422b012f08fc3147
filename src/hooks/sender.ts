import { randomUUID } from "node:crypto";
import { repeat } from "../pacing/repeat.ts";
import { withLease } from "./lease.ts";
import type { SenderOptions } from "./sender-options.ts";
import { send } from "./sending.ts";

/** How often deliveries that are too old are removed, in milliseconds. */
const pruneEveryMs = 3_600_000;

/**
 * Sends events to hooks from the log, while this process holds the lease for it: at least once, and for each hook and user in order. Nothing waits for it.
 *
 * @returns what ends it; it resolves when nothing is under way any more, or after some seconds
 */
export function startSender(options: SenderOptions): () => Promise<void> {
  const { store, onError } = options;
  const stopping = new AbortController();
  const prune = async (isStopped: () => boolean) => {
    while (!isStopped() && (await store.pruneHookDeliveries())) {
      // Others have their turn in between: each piece is a transaction of its own.
    }
  };
  const pruning = repeat(pruneEveryMs, prune, onError);
  const done = withLease(
    store,
    randomUUID(),
    (lease) => send(options, lease),
    stopping.signal,
    onError,
  );
  return async () => {
    pruning.stop();
    stopping.abort();
    await done;
  };
}
