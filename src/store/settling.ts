import type { AttemptStore } from "./user-store.ts";

const everyMs = 1000;
const batch = 1000;

/**
 * Has the store close expired attempts every second, so that users lock whom nobody asks about. A batch that is
 * full is followed by the next at once.
 */
export function startSettling(
  store: AttemptStore,
  onError: (error: unknown) => void,
): { stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const settle = async () => {
    let closed = batch;
    try {
      while (closed === batch && !stopped) {
        closed = await store.settleAttempts(batch);
      }
    } catch (error) {
      onError(error);
    }
    schedule();
  };
  const schedule = () => {
    if (stopped) return;
    timer = setTimeout(() => void settle(), everyMs);
    timer.unref();
  };
  schedule();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
