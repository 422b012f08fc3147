import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { RecordedEvent } from "../../src/store/events.ts";

/** All events of a database file, oldest first; it may be served meanwhile. */
export async function readEventLog(
  path: string,
): Promise<readonly RecordedEvent[]> {
  const store = await openSqliteStore({
    path,
    exclusive: false,
    now: Date.now,
    newId: createIds(Date.now),
  });
  try {
    return await store.listEvents({ ascending: true, limit: 10_000_000 });
  } finally {
    await store.close();
  }
}

/**
 * What is wrong with the order of a log, in words: events that are missing or there twice. Positions rise, and the
 * sequences of each aggregate count from 1 without a gap.
 */
export function findDisorder(
  events: readonly RecordedEvent[],
): readonly string[] {
  const faults: string[] = [];
  const sequences = new Map<string, number>();
  let position = 0;
  for (const event of events) {
    if (event.position <= position) {
      faults.push(`position ${event.position} follows ${position}`);
    }
    position = event.position;
    const { aggregateType, resourceOwner, aggregateId, sequence } = event;
    const key = `${aggregateType} ${resourceOwner} ${aggregateId}`;
    const last = sequences.get(key) ?? 0;
    if (sequence !== last + 1) {
      faults.push(`${key}: sequence ${sequence} follows ${last}`);
    }
    sequences.set(key, sequence);
  }
  return faults;
}
