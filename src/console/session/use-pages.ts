import { useEffect, useState } from "preact/hooks";
import { describeFailure } from "./failure.ts";
import { useLatest } from "./latest.ts";

/** A page of a list. */
export interface Page<T, Place = string> {
  readonly items: readonly T[];
  /** Where the next page begins; empty or undefined where there is none. */
  readonly next: Place | undefined;
}

/** A list that is read a page at a time. */
export interface Pages<T> {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  /** Why the last read failed, for people; empty where it did not. */
  readonly failure: string;
  /** Reads one more page; undefined where there is none. */
  readonly more: (() => void) | undefined;
  /** Reads the list anew. What was read stays until there is something newer. */
  readonly reload: () => void;
}

/**
 * Reads the first page at once, and another list's where `load` is another function than before.
 *
 * @param load reads the page at a place, or the first (of `useCallback`)
 * @param keyOf of the entries of a log, newest first: what was read beyond the first page stays where it is read anew, unless there is a gap.
 *   Unset for lists whose items change
 */
export function usePages<T, Place = string>(
  load: (
    place: Place | undefined,
    signal: AbortSignal,
  ) => Promise<Page<T, Place>>,
  keyOf?: (item: T) => string,
): Pages<T> {
  const [list, setList] = useState<Page<T, Place>>();
  const [failure, setFailure] = useState("");
  const newest = useLatest();
  const older = useLatest();
  const fail = (error: unknown) => {
    setFailure(describeFailure(error));
  };
  const readFirst = () =>
    newest.begin(
      (signal) => load(undefined, signal),
      (page) => {
        setList((before) => joined(page, before, keyOf));
        setFailure("");
      },
      fail,
    );
  useEffect(() => {
    setList(undefined);
    setFailure("");
    older.end();
    return readFirst();
  }, [load]);
  const place = list?.next;
  return {
    ...{ items: list?.items, failure },
    more:
      place === undefined || place === ""
        ? undefined
        : () => {
            older.begin(
              (signal) => load(place, signal),
              ({ items, next }) => {
                // Where the list was read anew meanwhile, and ends elsewhere, this is no page of it.
                setList((before) =>
                  before?.next === place
                    ? { items: [...before.items, ...items], next }
                    : before,
                );
                setFailure("");
              },
              fail,
            );
          },
    reload: readFirst,
  };
}

/** A new first page, with what stays of the list behind it. */
function joined<T, Place>(
  first: Page<T, Place>,
  before: Page<T, Place> | undefined,
  keyOf: ((item: T) => string) | undefined,
): Page<T, Place> {
  const oldest = first.items.at(-1);
  if (keyOf === undefined || oldest === undefined || before === undefined) {
    return first;
  }
  const end = before.items.findIndex((item) => keyOf(item) === keyOf(oldest));
  return end < 0
    ? first
    : {
        items: [...first.items, ...before.items.slice(end + 1)],
        next: before.next,
      };
}
