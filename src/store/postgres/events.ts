import type { NewEvent } from "../../lockout/event.ts";
import { recordedEvent } from "../commands/tables.ts";
import type { Aggregate, EventTable } from "../commands/tables.ts";
import type { EventFilter, RecordedEvent } from "../events.ts";
import { eventConditions } from "../shared/event-list.ts";
import type { EventLog, Positions } from "../shared/event-list.ts";
import { toEvent } from "../shared/rows.ts";
import type { EventRow } from "../shared/rows.ts";
import { unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Journal } from "./journal.ts";
import type { Call, Row, Statement } from "./pipeline.ts";
import type { Value } from "./values.ts";

const readHead: Statement = {
  name: "read_head",
  text: "SELECT position FROM log_head",
};

/** The log, as it is read outside of commands. */
export interface ReadEvents extends EventLog {
  lastPosition(): Promise<number>;
}

/** The log of a database, to be read. */
export function readEvents(database: PostgresDatabase): ReadEvents {
  return {
    lastPosition: async () => {
      const { rows } = await database.query(readHead);
      return Number(rows[0]?.["position"]);
    },
    list: async (filter, within) => {
      const { text, values } = listQuery(filter, within);
      const { rows } = await database.query(unnamed(text), ...values);
      return rows.map((row) => toEvent(row as unknown as EventRow));
    },
  };
}

function listQuery(
  filter: EventFilter,
  within: Positions,
): { readonly text: string; readonly values: readonly Value[] } {
  const values: Value[] = [];
  const conditions = eventConditions(filter, within).map((condition) => {
    if ("among" in condition) {
      values.push(condition.among);
      return `${condition.column} = ANY ($${values.length}::text[])`;
    }
    values.push(condition.value);
    return `${condition.column} ${condition.operator} $${values.length}`;
  });
  values.push(filter.limit);
  return {
    text: `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload
      FROM events WHERE ${conditions.join(" AND ")}
      ORDER BY position ${filter.ascending ? "ASC" : "DESC"} LIMIT $${values.length}`,
    values,
  };
}

/** An event that is to be written; its position is known when it is. */
export type PendingEvent = {
  -readonly [K in keyof RecordedEvent]: RecordedEvent[K];
};

// The heads of the logs are locked last, the users' after the names', and until the commit.
const appendTo = (table: string, head: string): Statement => ({
  name: `append_${table}`,
  text: `WITH head AS (UPDATE ${head} SET position = position + $1::bigint RETURNING position)
    INSERT INTO ${table} (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload)
    SELECT head.position - $1::bigint + e.place, e.aggregate_type, e.aggregate_id, e.resource_owner, e.sequence, e.type,
      e.editor, e.creation_date, e.payload
    FROM head, unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[])
      WITH ORDINALITY
      AS e (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload, place)
    RETURNING position`,
});
const appendToLog = {
  events: appendTo("events", "log_head"),
  name_events: appendTo("name_events", "name_log_head"),
};

/** The events of a batch, and the last sequences of those whom they are about. */
export class NewEvents implements EventTable {
  readonly pending: PendingEvent[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #journal: Journal;
  readonly #append: Statement;

  /** @param table where they are written */
  constructor(journal: Journal, table: keyof typeof appendToLog) {
    this.#journal = journal;
    this.#append = appendToLog[table];
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

  /** The statement that appends the events, where there are any. */
  writes(): readonly Call[] {
    const events = this.pending;
    if (events.length === 0) {
      return [];
    }
    return [
      [
        this.#append,
        events.length,
        events.map(({ aggregateType }) => aggregateType),
        events.map(({ aggregateId }) => aggregateId),
        events.map(({ resourceOwner }) => resourceOwner),
        events.map(({ sequence }) => sequence),
        events.map(({ type }) => type),
        events.map(({ editor }) => editor),
        events.map(({ creationDate }) => creationDate),
        events.map(({ payload }) =>
          payload === undefined ? null : JSON.stringify(payload),
        ),
      ],
    ];
  }

  /** Gives the events the positions at which that statement has written them. */
  place(rows: readonly Row[]): void {
    const first = Math.min(...rows.map((row) => Number(row["position"])));
    for (const [place, event] of this.pending.entries()) {
      event.position = first + place;
    }
  }
}

function aggregateKey({ type, id, resourceOwner }: Aggregate): string {
  return `${type}\n${resourceOwner}\n${id}`;
}
