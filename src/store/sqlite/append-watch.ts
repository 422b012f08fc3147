/** Tells listeners that events were appended, by this process or another. */
export interface AppendWatch {
  /** Looks whether events were appended, and tells the listeners. */
  check(): void;
  /** Returns what ends it. */
  listen(listener: () => void): () => void;
  close(): void;
}

/** How often the database is polled for events of other processes, in milliseconds, while there is a listener. */
const pollMs = 250;

/**
 * Tells listeners of new events: at once of this process's own, by the caller's `check` after each commit; of
 * another process's by polling, since SQLite has no notifications.
 */
export function createAppendWatch(lastPosition: () => number): AppendWatch {
  const listeners = new Set<() => void>();
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;

  const check = () => {
    if (listeners.size === 0) {
      return;
    }
    let last;
    try {
      last = lastPosition();
    } catch {
      // The database cannot be read now: callers get their own errors, and the next poll may succeed.
      return;
    }
    if (last === seen) {
      return;
    }
    seen = last;
    for (const listener of [...listeners]) {
      listener();
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    check,
    listen: (listener) => {
      // Each call has an entry of its own, though two may give the same function.
      const entry = () => {
        listener();
      };
      if (listeners.size === 0) {
        seen = lastPosition();
        timer = setInterval(check, pollMs).unref();
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
