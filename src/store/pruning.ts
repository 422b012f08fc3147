import { setTimeout as delay } from "node:timers/promises";
import { repeat } from "../pacing/repeat.ts";
import type { Repeated } from "../pacing/repeat.ts";
import type { Store } from "./store.ts";

const everyMs = 60_000;

/**
 * Removes all events of attempts that are older than a time, in small pieces, between which others have as long as each took.
 *
 * @param retentionMs how long they are kept
 * @param onPruned is told how many were removed, or lost their payload, so far
 * @param isStopped asked after each piece
 */
export async function pruneOld(
  store: Pick<Store, "pruneChecks" | "now">,
  retentionMs: number,
  onPruned: (count: number) => void = () => undefined,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const before = (store.now() - retentionMs) * 1000;
  let sum = 0;
  while (!isStopped()) {
    const start = performance.now();
    const { count, isDone } = await store.pruneChecks(before);
    sum += count;
    onPruned(sum);
    if (isDone) {
      return;
    }
    await delay(performance.now() - start);
  }
}

/** Has {@link pruneOld} done at once, and every minute. */
export function startPruning(
  store: Pick<Store, "pruneChecks" | "now">,
  retentionMs: number,
  onError: (error: unknown) => void,
): Repeated {
  return repeat(
    everyMs,
    (isStopped) => pruneOld(store, retentionMs, undefined, isStopped),
    onError,
    "now",
  );
}
