import { useEffect, useRef, useState } from "preact/hooks";
import { toFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { Session } from "./session.ts";

/** The least time between two reads of what is shown, in milliseconds: of a storm of events, each reads nothing by itself. */
const settleMs = 250;

/** Whether the console hears of events as they happen. */
export function useIsConnected({ live }: Session): boolean {
  const [isConnected, setIsConnected] = useState(live.isConnected());
  useEffect(() => {
    setIsConnected(live.isConnected());
    return live.onState(setIsConnected);
  }, [live]);
  return isConnected;
}

/** What a page shows. */
export interface Loaded<T> {
  /** What was read last; undefined before that. */
  readonly value: T | undefined;
  /** Why the last read failed; undefined where it did not. */
  readonly failure: Failure | undefined;
  /** Reads it anew, as soon as what was wanted before is read. */
  readonly reload: () => void;
}

/**
 * Reads what a page shows: at once, and where `load` is another function than before; soon after an event that changes who is locked; and
 * after a connection was made anew. There is never more than one read, and what was read stays until there is something newer.
 *
 * @param load what to read (of `useCallback`), given a signal that is aborted where the result is no longer wanted
 * @param everyMs how often it is read without an event, while somebody can see it; unset: never
 */
export function useLive<T>(
  { live }: Session,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [failure, setFailure] = useState<Failure>();
  const soon = useRef<() => void>(() => undefined);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    let isReading = false;
    let isWanted = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      isReading = true;
      isWanted = false;
      try {
        const found = await load(signal);
        if (!signal.aborted) {
          setValue(() => found);
          setFailure(undefined);
        }
      } catch (error) {
        if (!signal.aborted) {
          setFailure(toFailure(error));
        }
      }
      if (!signal.aborted) {
        timer = setTimeout(rest, settleMs);
      }
    };
    const rest = () => {
      isReading = false;
      if (isWanted) {
        void read();
      }
    };
    soon.current = () => {
      isWanted = true;
      if (!isReading) {
        void read();
      }
    };
    void read();
    const unlisten = live.listen(soon.current);
    const ticks =
      everyMs === undefined
        ? undefined
        : setInterval(() => {
            if (document.visibilityState === "visible") {
              soon.current();
            }
          }, everyMs);
    return () => {
      ending.abort();
      clearTimeout(timer);
      clearInterval(ticks);
      unlisten();
    };
  }, [live, load, everyMs]);
  return {
    ...{ value, failure },
    reload: () => {
      soon.current();
    },
  };
}
