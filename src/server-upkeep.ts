import { startActivity } from "./store/activity-counter.ts";
import type { ActivityCounter } from "./store/activity-counter.ts";
import { startPruning } from "./store/pruning.ts";
import { startSettling } from "./store/settling.ts";
import type { Store } from "./store/store.ts";

/** What the store has done for it every now and then, as long as a server runs. */
export interface Upkeep {
  /** Ends it, once what was counted is added. Never rejects. */
  stop(): Promise<void>;
}

/** Starts it: attempts expire, old rows are removed, and figures of activity added. */
export function startUpkeep(
  store: Store,
  counter: ActivityCounter,
  retentionMs: number | undefined,
  onError: (error: unknown) => void,
): Upkeep {
  const settling = startSettling(store, onError);
  const activity = startActivity(store, counter, onError);
  const pruning =
    retentionMs === undefined
      ? undefined
      : startPruning(store, retentionMs, onError);
  return {
    stop: async () => {
      settling.stop();
      pruning?.stop();
      await activity.stop();
    },
  };
}
