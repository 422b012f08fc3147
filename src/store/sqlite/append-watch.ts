/** Tells listeners that events were appended, by this process or another. */
export interface AppendWatch {
  /** Tells the listeners where this process has appended events since it was called last: for after a commit. */
  committed(): void;
  /** Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): void;
}

/** How often the database is polled for events of other processes, in milliseconds, while there is a listener. */
const pollMs = 250;

/**
 * Tells listeners of new events: at once of this process's own; of another process's by polling, since SQLite has no notifications. What
 * polling finds of this process's own is told again.
 *
 * @param lastPosition looks at the database
 * @param appended how many events this process has appended
 */
export function createAppendWatch(
  lastPosition: () => number,
  appended: () => number,
): AppendWatch {
  const listeners = new Set<() => void>();
  let polled = 0;
  let told = 0;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    for (const listener of [...listeners]) {
      listener();
    }
  };
  const poll = () => {
    let last;
    try {
      last = lastPosition();
    } catch {
      // The database cannot be read now: callers get their own errors, and the next poll may succeed.
      return;
    }
    if (last !== polled) {
      polled = last;
      tell();
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    committed: () => {
      const count = appended();
      if (count !== told) {
        told = count;
        tell();
      }
    },
    listen: (listener) => {
      // Each call has an entry of its own, though two may give the same function.
      const entry = () => {
        listener();
      };
      if (listeners.size === 0) {
        polled = lastPosition();
        timer = setInterval(poll, pollMs).unref();
      }
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
        if (listeners.size === 0) {
          stop();
        }
      };
    },
    close: () => {
      listeners.clear();
      stop();
    },
  };
}
