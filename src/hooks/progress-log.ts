import type { HookProgress, HookStore } from "../store/hooks.ts";
import type { HookQueue } from "./hook-queue.ts";
import type { SendingLease } from "./lease.ts";

/** Writes how far sending is. */
export interface ProgressLog {
  /** Something of this hook is to be written, soon. */
  touch(queue: HookQueue): void;
  /** Writes all there is, and how far all hooks are. */
  flush(): Promise<void>;
}

/** How long a write waits for more, in milliseconds. */
const gatherMs = 100;

/** So many tries are written at once: some milliseconds, in which the event loop may stand still. */
const maxDeliveries = 50;

/** @param head how far is read for all hooks, and @param behind the hooks that are not as far */
export function createProgressLog(
  store: Pick<HookStore, "recordSending">,
  lease: SendingLease,
  head: () => number,
  behind: () => Iterable<HookQueue>,
  onError: (error: unknown) => void,
): ProgressLog {
  const touched = new Set<HookQueue>();
  let timer: NodeJS.Timeout | undefined;
  let written = -1;
  let writing: Promise<boolean> | undefined;

  const writeSome = async () => {
    const at = head();
    let position = at;
    for (const queue of behind()) {
      position = Math.min(position, queue.cursor(at));
    }
    const taken: { queue: HookQueue; progress: HookProgress }[] = [];
    let room = maxDeliveries;
    for (const queue of touched) {
      if (room === 0) {
        break;
      }
      const progress = queue.takeProgress(at, room);
      room -= progress.deliveries.length;
      taken.push({ queue, progress });
      if (queue.unwritten === 0) {
        touched.delete(queue);
      }
    }
    if (taken.length === 0 && position === written) {
      return true;
    }
    const restore = () => {
      for (const { queue, progress } of taken) {
        queue.restore(progress);
        touched.add(queue);
      }
    };
    try {
      const isWritten = await store.recordSending(
        lease.holder,
        position,
        taken.map(({ progress }) => progress),
      );
      written = position;
      if (!isWritten) {
        lease.lose();
      }
      return true;
    } catch (error) {
      restore();
      if (!lease.signal.aborted) {
        onError(error);
      }
      return false;
    }
  };
  const flush = async (isAll: boolean) => {
    clearTimeout(timer);
    timer = undefined;
    await writing;
    let isWritten = true;
    do {
      writing = writeSome();
      isWritten = await writing;
    } while (isAll && isWritten && touched.size > 0);
    writing = undefined;
    if (touched.size > 0 && !lease.signal.aborted) {
      schedule();
    }
  };
  const schedule = () => {
    timer ??= setTimeout(() => {
      void flush(false);
    }, gatherMs).unref();
  };
  return {
    touch: (queue) => {
      touched.add(queue);
      if (writing === undefined && !lease.signal.aborted) {
        schedule();
      }
    },
    flush: () => flush(true),
  };
}
