import { LockoutError } from "../../lockout/errors/errors.ts";
import { LongWork } from "../../pacing/long-work.ts";

/** `zitadel.v1.ListQuery`, and that of v2. */
export interface ListQuery {
  readonly offset: bigint;
  readonly limit: number;
  readonly asc: boolean;
}

/** Which part of a list is wanted. */
export interface ListWindow {
  readonly offset: number;
  readonly limit: number;
  readonly ascending: boolean;
}

/** What a list is part of, and the part that is wanted. */
export interface ListPart<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

const defaultLimit = 100;
const maxLimit = 1000;
/** The most entries of a sorted list that are held: they are sorted at once. */
const maxSorted = 10_000;
/** So many more are held before they are sorted again. */
const sortedAtOnce = 1000;
/** For so long a list holds the event loop, in milliseconds. */
const sliceMs = 4;

/** Which part of a list a request asks for. @throws LockoutError */
export function windowOf(query: ListQuery | undefined): ListWindow {
  const { offset = 0n, limit = 0, asc = false } = query ?? {};
  if (limit > maxLimit) {
    throw new LockoutError("listLimitTooLarge");
  }
  return {
    // No list is longer.
    offset: Math.min(Number(offset), Number.MAX_SAFE_INTEGER),
    limit: limit === 0 ? defaultLimit : limit,
    ascending: asc,
  };
}

/** How a list is read. */
export interface ListOrder<Item> {
  readonly fits: (item: Item) => boolean;
  /** What it is sorted by; undefined: as it comes. */
  readonly sortedBy?: ((item: Item) => string) | undefined;
  /** How many fit, where that is known: then the rest is not read. Not for a sorted list. */
  readonly total?: number | undefined;
  /** Aborted when nobody wants the list any more: then its reason is thrown. */
  readonly signal: AbortSignal;
}

/**
 * Reads through a list in slices: counts the entries that fit, and keeps those that are wanted.
 *
 * @param items undefined stands for a place where something was read, and there was no entry
 * @throws LockoutError
 */
export async function readPart<Item>(
  items: AsyncIterable<Item | undefined> | Iterable<Item | undefined>,
  { offset, limit, ascending }: ListWindow,
  { fits, sortedBy, signal, total: known }: ListOrder<Item>,
): Promise<ListPart<Item>> {
  const end = offset + limit;
  if (sortedBy !== undefined && end > maxSorted) {
    throw new LockoutError("listOffsetTooLarge");
  }
  const pauseWhenDue = createPauses(signal);
  let kept: Item[] = [];
  let total = 0;
  for await (const item of items) {
    await pauseWhenDue();
    if (item === undefined || !fits(item)) {
      continue;
    }
    total += 1;
    if (known !== undefined && total > end) {
      break;
    }
    if (sortedBy !== undefined) {
      kept.push(item);
      if (kept.length >= end + sortedAtOnce) {
        kept = sort(kept, sortedBy, ascending).slice(0, end);
      }
    } else if (total > offset && total <= end) {
      kept.push(item);
    }
  }
  return {
    total: known ?? total,
    items:
      sortedBy === undefined
        ? kept
        : sort(kept, sortedBy, ascending).slice(offset, end),
  };
}

/** Shows entries one after the other, in slices between which others have their turn. @param signal as of {@link ListOrder} */
export async function showEach<Item, Shown>(
  items: readonly Item[],
  signal: AbortSignal,
  show: (item: Item) => Promise<Shown>,
): Promise<Shown[]> {
  const pauseWhenDue = createPauses(signal);
  const shown: Shown[] = [];
  for (const item of items) {
    await pauseWhenDue();
    shown.push(await show(item));
  }
  return shown;
}

/** Pauses where the event loop was held for long enough: a database in this process is read without a turn of it. */
function createPauses(signal: AbortSignal): () => Promise<void> {
  const work = new LongWork();
  let since = performance.now();
  return async () => {
    if (performance.now() - since < sliceMs) {
      return;
    }
    await work.pause();
    signal.throwIfAborted();
    since = performance.now();
  };
}

function sort<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  ascending: boolean,
): Item[] {
  const direction = ascending ? 1 : -1;
  return items.toSorted((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    return left === right ? 0 : left < right ? -direction : direction;
  });
}
