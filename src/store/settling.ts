import { repeat } from "../pacing/repeat.ts";
import type { Repeated } from "../pacing/repeat.ts";
import type { AttemptStore } from "./users.ts";

const everyMs = 1000;

/**
 * How many attempts one call settles: as many as the commands that share a transaction, so that settling keeps up with any flood of
 * commands. More would block the event loop for more than 20 ms.
 */
const atOnce = 256;

/**
 * Has the store close expired attempts and remove old rows every second: expired attempts count as failed, and may lock a user, even if
 * no call asks about that user. Each round goes on until nothing is left; waiting commands run in between.
 */
export function startSettling(
  store: Pick<AttemptStore, "settleAttempts">,
  onError: (error: unknown) => void,
): Repeated {
  const settle = async (isStopped: () => boolean) => {
    let done: number;
    do {
      done = await store.settleAttempts(atOnce);
    } while (done > 0 && !isStopped());
  };
  return repeat(everyMs, settle, onError);
}
