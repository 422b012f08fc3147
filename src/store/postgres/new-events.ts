import type { NewEvent } from "../../lockout/event.ts";
import type { RecordedEvent } from "../events.ts";
import { recordedEvent } from "../commands/tables.ts";
import type { Aggregate, EventTable } from "../commands/tables.ts";
import type { Journal } from "./journal.ts";

/** An event that is to be written; its position is known when it is. */
export type PendingEvent = {
  -readonly [K in keyof RecordedEvent]: RecordedEvent[K];
};

/** The events of a batch, and the last sequences of those whom they are about. */
export class NewEvents implements EventTable {
  readonly pending: PendingEvent[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The last sequence of an aggregate. */
  sequenceOf(aggregate: Aggregate): number {
    return this.#sequences.get(aggregateKey(aggregate)) ?? 0;
  }

  /** Takes the last sequence as it was read. */
  take(aggregate: Aggregate, sequence: number): void {
    this.#sequences.set(aggregateKey(aggregate), sequence);
  }

  append(
    aggregate: Aggregate,
    editor: string,
    event: NewEvent,
    time: number,
  ): RecordedEvent {
    const sequence = this.sequenceOf(aggregate) + 1;
    this.#journal.set(this.#sequences, aggregateKey(aggregate), sequence);
    const pending: PendingEvent = recordedEvent(aggregate, editor, event, {
      position: 0,
      sequence,
      creationDate: time,
    });
    this.#journal.push(this.pending, pending);
    return pending;
  }
}

function aggregateKey({ type, id, resourceOwner }: Aggregate): string {
  return `${type}\n${resourceOwner}\n${id}`;
}
