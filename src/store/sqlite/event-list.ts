import { setImmediate } from "node:timers/promises";
import type { EventFilter, RecordedEvent } from "../store.ts";
import type { Events, Positions } from "./events.ts";

/** How many positions are looked through at once: some milliseconds. */
const windowSize = 10_000;

/**
 * Lists events window by window, and lets the event loop turn in between: a filter that fits few events of many
 * would else stop all other calls while it looks through them. So each kind of filter need not have an index,
 * which every event that is written would pay for. Events never change, so the windows fit together.
 */
export async function listEvents(
  events: Events,
  read: <T>(query: () => T) => T,
  filter: EventFilter,
): Promise<readonly RecordedEvent[]> {
  const all: Positions = {
    after: filter.positionAfter ?? 0,
    upTo: read(() => events.lastPosition()),
  };
  // The index of an aggregate's events finds them all at once, whatever their positions.
  const step =
    filter.aggregateId === undefined || filter.aggregateId === ""
      ? windowSize
      : Infinity;
  const found: RecordedEvent[] = [];
  for (const within of windows(all, step, filter.ascending)) {
    const limit = filter.limit - found.length;
    found.push(...read(() => events.list({ ...filter, limit }, within)));
    if (found.length >= filter.limit) break;
    await setImmediate();
  }
  return found;
}

function* windows(
  { after, upTo }: Positions,
  step: number,
  ascending: boolean,
): Generator<Positions> {
  if (ascending) {
    for (let from = after; from < upTo; from += step)
      yield { after: from, upTo: Math.min(from + step, upTo) };
  } else {
    for (let to = upTo; to > after; to -= step)
      yield { after: Math.max(to - step, after), upTo: to };
  }
}
