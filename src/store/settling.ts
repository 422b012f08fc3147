import type { AttemptStore } from "./users.ts";

const everyMs = 1000;

/**
 * As many commands share a transaction: what they leave behind is settled by the next one, however long a flood lasts. More would hold
 * the event loop for more than 20 ms.
 */
const atOnce = 256;

/**
 * Has the store close expired attempts every second, so that users lock whom nobody asks about, and forget what is old. It goes on
 * until nothing is left, and lets the commands that wait run in between.
 */
export function startSettling(
  store: AttemptStore,
  onError: (error: unknown) => void,
): { stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const settle = async () => {
    try {
      let done: number;
      do {
        done = await store.settleAttempts(atOnce);
      } while (done > 0 && !stopped);
    } catch (error) {
      onError(error);
    }
    schedule();
  };
  const schedule = () => {
    if (stopped) {
      return;
    }
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
