import type { Changed, RecordedEvent } from "../../store/events.ts";
import type { StoredPolicy } from "../../store/policies.ts";
import { timestampFromMicros } from "./moment.ts";

/** `details` of the response to a read: of the last event of what is read. */
export function readDetails(policy: StoredPolicy) {
  return {
    sequence: BigInt(policy.sequence),
    creationDate: timestampFromMicros(policy.creationMicros),
    changeDate: timestampFromMicros(policy.changeMicros),
    resourceOwner: policy.resourceOwner,
  };
}

/** `details` of the response to a call that created something: ZITADEL leaves change_date out. */
export function createdDetails(event: RecordedEvent) {
  return {
    sequence: BigInt(event.sequence),
    creationDate: timestampFromMicros(event.creationMicros),
    resourceOwner: event.resourceOwner,
  };
}

/** `details` of the response to a call that changed or removed something: ZITADEL leaves creation_date out. */
export function changedDetails(event: RecordedEvent) {
  return {
    sequence: BigInt(event.sequence),
    changeDate: timestampFromMicros(event.creationMicros),
    resourceOwner: event.resourceOwner,
  };
}

/** The last event that a command has written: of one on a policy, that of its numbers, where they changed. */
export function lastEvent(events: readonly RecordedEvent[]): RecordedEvent {
  const event = events.at(-1);
  if (event === undefined) {
    throw new Error("the command wrote no event");
  }
  return event;
}

/** The one event of a command that writes just one. */
export function onlyEvent({ events }: Changed<unknown>): RecordedEvent {
  const [event] = events;
  if (event === undefined) {
    throw new Error("the command wrote no event");
  }
  return event;
}
