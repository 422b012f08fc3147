/** The part of the port that is about the log of events. What `store.ts` says of every method holds here too. */
import type {
  AggregateType,
  EventPayload,
  EventType,
} from "../lockout/events/event.ts";

/** An event as it was written. */
export interface RecordedEvent {
  /** Its place in the order of all events: later events have greater ones; there may be gaps. */
  readonly position: number;
  readonly aggregateType: AggregateType;
  readonly aggregateId: string;
  /** The instance's id or the organisation's. */
  readonly resourceOwner: string;
  /** Counts from 1 per aggregate (type, resource owner and id), without gaps. */
  readonly sequence: number;
  readonly type: EventType;
  /** The id of the caller; `SYSTEM` where the server or an operator at the command line did it. */
  readonly editor: string;
  /** Microseconds since 1970 UTC: greater than of all events before it, so that a date names one event. */
  readonly creationMicros: number;
  readonly payload: EventPayload | undefined;
}

/** What a command led to, and what it wrote: to be told from what others write at the same time. */
export interface Changed<Result> {
  readonly result: Result;
  readonly events: readonly RecordedEvent[];
}

/** Events of a user, by their sequences: greater than `after`, up to and with `upTo`. */
export interface UserEvents {
  readonly orgId: string;
  readonly userId: string;
  readonly after: number;
  readonly upTo: number;
}

/** What {@link EventStore.eraseEvents} has done. */
export interface Erased {
  /** How many events said something of the person. */
  readonly count: number;
  /** The last sequence that was looked at; undefined where none is left. */
  readonly last: number | undefined;
}

/** What {@link EventStore.pruneChecks} has done. */
export interface Pruned {
  /** How many events were removed, or lost their payload. */
  readonly count: number;
  /** Whether none is left that is dated before. */
  readonly isDone: boolean;
}

/** Which events are wanted; what is undefined or empty does not filter. */
export interface EventFilter {
  /** Oldest first; else newest first. */
  readonly ascending: boolean;
  /** At least 1. */
  readonly limit: number;
  /** Only events with a greater sequence. */
  readonly sequenceAfter?: number;
  /** Only events with a smaller sequence. */
  readonly sequenceBefore?: number;
  /** Only events with a later date, in microseconds. */
  readonly createdAfter?: number;
  /** Only events with an earlier date, in microseconds. */
  readonly createdBefore?: number;
  /** Only events with a greater position. */
  readonly positionAfter?: number;
  readonly editor?: string;
  readonly types?: readonly string[];
  readonly aggregateId?: string;
  readonly aggregateTypes?: readonly string[];
  readonly resourceOwner?: string;
}

/** The first and the last event of an aggregate; none where there is no such aggregate. */
export interface EventEnds {
  readonly first: RecordedEvent | undefined;
  readonly last: RecordedEvent | undefined;
}

/** The part of the port that is about the log of events. */
export interface EventStore {
  /** The first and the last event of an organisation, or of the instance. */
  findEventEnds(type: "org" | "instance", id: string): Promise<EventEnds>;
  /** The events that fit, in the order of their positions. */
  listEvents(filter: EventFilter): Promise<readonly RecordedEvent[]>;
  /**
   * Removes some of the events of attempts (`checkEventTypes`) that are dated before this date in microseconds, oldest first. The last event of
   * a user stays, without its payload, until another one comes: sequences count on from it. Never holds the event loop for long: to be called until it is done.
   */
  pruneChecks(before: number): Promise<Pruned>;
  /**
   * Takes out of some events of a user what they say of the person (`withoutPerson`). Never holds the event loop for long: to be called again
   * behind the last sequence.
   */
  eraseEvents(events: UserEvents): Promise<Erased>;
  /** The greatest position there is; 0 before the first event. */
  lastPosition(): Promise<number>;
  /**
   * Calls the listener soon after events were appended, by this process or another; perhaps also when none were.
   * Returns what ends that.
   */
  onAppended(listener: () => void): () => void;
}
