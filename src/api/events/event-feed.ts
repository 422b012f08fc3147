import type { EventStore, RecordedEvent } from "../../store/events.ts";

/** Events that follow a position. */
export interface Following {
  readonly events: readonly RecordedEvent[];
  /** The position up to which these are all events. */
  readonly upTo: number;
}

/**
 * The newest events, read once for all watches: each append costs one read, however many watches there are, and whatever they filter by. It
 * reads while there is a listener.
 */
export interface EventFeed {
  /** The events of the feed after a position; undefined where the feed begins later, and the store must be read. */
  after(position: number): Following | undefined;
  /** Calls the listener when there may be new events, in the feed or the store. Returns a function that ends that. */
  listen(listener: () => void): () => void;
}

/** How many events are kept, each of some kilobytes at most; a watch that is further behind reads from the store. */
const maxEvents = 500;

/** How many events are read at once: some milliseconds. */
const batchSize = 100;

/**
 * @param store is read. When it cannot be, listeners are called too: they read it themselves, and get the error.
 */
export function createEventFeed(
  store: Pick<EventStore, "listEvents" | "onAppended">,
): EventFeed {
  const listeners = new Set<() => void>();
  let unsubscribe: (() => void) | undefined;
  let events: RecordedEvent[] = [];
  /** The feed has all events behind `begin`, up to and with `end`. Undefined until the first read. */
  let span: { readonly begin: number; readonly end: number } | undefined;
  let told: number | undefined;
  let reading = false;
  let isNoticed = false;

  const reset = () => {
    span = undefined;
    events = [];
  };
  const tell = () => {
    for (const listener of [...listeners]) {
      listener();
    }
  };
  const take = (found: readonly RecordedEvent[]) => {
    const last = found.at(-1);
    if (last === undefined || span === undefined) {
      return;
    }
    const kept = [...events, ...found];
    const surplus = Math.max(kept.length - maxEvents, 0);
    const begin = kept[surplus - 1]?.position ?? span.begin;
    events = kept.slice(surplus);
    span = { begin, end: last.position };
  };
  /** Reads what follows the feed's end, or, for a feed without one, finds out where the log ends. */
  const readOn = async (): Promise<boolean> => {
    if (span === undefined) {
      const [newest] = await store.listEvents({ ascending: false, limit: 1 });
      const end = newest?.position ?? 0;
      // The listener may not have seen the newest event.
      events = newest === undefined ? [] : [newest];
      span = { begin: Math.max(end - 1, 0), end };
      return true;
    }
    const found = await store.listEvents({
      ascending: true,
      limit: batchSize,
      positionAfter: span.end,
    });
    take(found);
    return found.length === batchSize;
  };
  const read = async () => {
    reading = true;
    try {
      while (isNoticed && listeners.size > 0) {
        isNoticed = false;
        let more = true;
        while (more) {
          more = await readOn();
          if (more || span?.end !== told) {
            tell();
          }
          told = span?.end;
        }
      }
    } catch {
      reset();
      tell();
    } finally {
      reading = false;
    }
    if (listeners.size === 0) {
      reset();
    }
  };
  const notice = () => {
    isNoticed = true;
    if (!reading) {
      void read();
    }
  };

  return {
    after: (position) => {
      if (span === undefined || position < span.begin) {
        return undefined;
      }
      if (position >= span.end) {
        return { events: [], upTo: position };
      }
      // A watch that keeps up needs the last few.
      const seen = events.findLastIndex((event) => event.position <= position);
      // No more than a slow watch may hold in memory while the feed goes on.
      const next = events.slice(seen + 1, seen + 1 + batchSize);
      return { events: next, upTo: next.at(-1)?.position ?? span.end };
    },
    listen: (listener) => {
      // Each call has an entry of its own, though two may give the same function.
      const entry = () => {
        listener();
      };
      unsubscribe ??= store.onAppended(notice);
      listeners.add(entry);
      if (span === undefined) {
        notice();
      }
      return () => {
        listeners.delete(entry);
        if (listeners.size > 0) {
          return;
        }
        unsubscribe?.();
        unsubscribe = undefined;
        if (!reading) {
          reset();
        }
      };
    },
  };
}
