import { LockoutError } from "../../lockout/errors/errors.ts";
import { LongWork } from "../../pacing/long-work.ts";
import type { EventStore, RecordedEvent } from "../../store/events.ts";
import type { Page, PageRequest } from "../../store/pages.ts";
import type { UserKey, UserStore } from "../../store/users.ts";

/** So many events are read at once. */
const atOnce = 100;

/** A page ends before the event with whose payload the payloads would be longer than this, in characters; it has one event at least. */
const maxPageText = 1024 * 1024;

/**
 * A page of the events of a user since the registration, newest first.
 *
 * @param types undefined for all
 * @throws LockoutError `userUnknown`, and RangeError where the page is none of such a list
 */
export async function listUserEvents(
  store: EventStore & UserStore,
  { orgId, userId }: UserKey,
  types: ReadonlySet<string> | undefined,
  { size, after }: PageRequest,
): Promise<Page<RecordedEvent>> {
  if (after !== undefined && !/^[1-9]\d{0,14}$/.test(after)) {
    throw new RangeError("no page of events of a user gave this token");
  }
  const record = await store.findUserRecord({ orgId, userId });
  if (record === undefined) {
    throw new LockoutError("userUnknown");
  }
  const { first } = record;
  // No event has an unknown type, but an empty filter would match any.
  if (first === undefined || types?.size === 0) {
    return { items: [], next: undefined };
  }
  const items: RecordedEvent[] = [];
  let text = 0;
  let before = after === undefined ? undefined : Number(after);
  const work = new LongWork();
  for (;;) {
    const limit = Math.min(atOnce, size + 1 - items.length);
    const found = await store.listEvents({
      ...{ ascending: false, limit, aggregateId: userId },
      ...{ aggregateTypes: ["user"], resourceOwner: orgId },
      ...(types !== undefined && { types: [...types] }),
      sequenceAfter: first.sequence - 1,
      ...(before !== undefined && { sequenceBefore: before }),
    });
    for (const event of found) {
      text += JSON.stringify(event.payload ?? {}).length;
      const last = items.at(-1);
      if (last !== undefined && (items.length === size || text > maxPageText)) {
        return { items, next: String(last.sequence) };
      }
      items.push(event);
    }
    if (found.length < limit) {
      return { items, next: undefined };
    }
    before = found.at(-1)?.sequence ?? before;
    await work.pause();
  }
}
