import { useEffect, useMemo } from "preact/hooks";

/** Reads of which the latest counts: what somebody chose last is shown, however late the response to an earlier choice comes. */
interface Latest {
  /**
   * Begins a read, and ends the one before. Neither callback is called for one that was ended.
   *
   * @param work what is read, given a signal that is aborted where it is no longer wanted
   * @returns what ends it
   */
  readonly begin: <T>(
    work: (signal: AbortSignal) => Promise<T>,
    onValue: (value: T) => void,
    onFailure: (error: unknown) => void,
  ) => () => void;
  /** Ends the read that was begun last. */
  readonly end: () => void;
}

function createLatest(): Latest {
  let ending = new AbortController();
  return {
    begin: (work, onValue, onFailure) => {
      ending.abort();
      const own = new AbortController();
      ending = own;
      // Only what is still wanted is told: a response may be there already when its signal is aborted.
      const ifWanted =
        <T>(tell: (told: T) => void) =>
        (told: T) => {
          if (!own.signal.aborted) {
            tell(told);
          }
        };
      work(own.signal).then(ifWanted(onValue), ifWanted(onFailure));
      return () => {
        own.abort();
      };
    },
    end: () => {
      ending.abort();
    },
  };
}

/** The reads of a component for one purpose, which end with it. */
export function useLatest(): Latest {
  const latest = useMemo(createLatest, []);
  useEffect(() => latest.end, [latest]);
  return latest;
}
