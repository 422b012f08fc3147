import { useEffect, useState } from "preact/hooks";
import { describeFailure } from "../session/failure.ts";

/** A page of a list. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** A list that is read a page at a time. */
export interface List<T> {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  /** Why something failed, for people; empty where nothing did. */
  readonly failure: string;
  /** Reads one more page; undefined where there is none. */
  readonly more: (() => void) | undefined;
  /** Does something, and reads the list anew; resolves to what it comes to, and to undefined where it failed. */
  readonly run: <R>(work: () => Promise<R>) => Promise<R | undefined>;
}

/** @param load reads a page (of `useCallback`) */
export function useList<T>(
  load: (pageToken: string, signal: AbortSignal) => Promise<ListPage<T>>,
): List<T> {
  const [items, setItems] = useState<readonly T[]>();
  const [next, setNext] = useState("");
  const [failure, setFailure] = useState("");
  const [wanted, setWanted] = useState({ pageToken: "" });
  useEffect(() => {
    const { pageToken } = wanted;
    const ending = new AbortController();
    load(pageToken, ending.signal)
      .then((page) => {
        setItems((before = []) =>
          pageToken === "" ? page.items : [...before, ...page.items],
        );
        setNext(page.nextPageToken);
      })
      .catch((error: unknown) => {
        if (!ending.signal.aborted) {
          setFailure(describeFailure(error));
        }
      });
    return () => {
      ending.abort();
    };
  }, [load, wanted]);
  return {
    ...{ items, failure },
    more:
      next === ""
        ? undefined
        : () => {
            setWanted({ pageToken: next });
          },
    run: async (work) => {
      try {
        const result = await work();
        setFailure("");
        setWanted({ pageToken: "" });
        return result;
      } catch (error) {
        setFailure(describeFailure(error));
        return undefined;
      }
    },
  };
}
