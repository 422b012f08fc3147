import type { NewEvent } from "../../lockout/events/event.ts";
import { recordedEvent } from "../commands/tables.ts";
import type { Aggregate, EventTable } from "../commands/tables.ts";
import type { EventFilter, RecordedEvent } from "../events.ts";
import { dateOf } from "../shared/dates.ts";
import {
  aggregateAfterSql,
  eventConditions,
  positionAtSql,
  sequenceAtSql,
} from "../shared/event-list.ts";
import type { EventLog, Places } from "../shared/event-list.ts";
import { toAggregate, toEvent } from "../shared/rows.ts";
import type { EventRow } from "../shared/rows.ts";
import { unnamed } from "./database.ts";
import type { PostgresDatabase } from "./database.ts";
import type { Journal } from "./journal.ts";
import type { Call, Row, Statement } from "./pipeline.ts";
import type { Value } from "./values.ts";

const findPositionAt: Statement = {
  name: "position_at",
  text: positionAtSql("$1::bigint"),
};
const findSequenceAt: Statement = {
  name: "sequence_at",
  text: `SELECT least(found.place, (
      SELECT max(sequence) FROM events WHERE aggregate_id = $1 AND aggregate_type = $2 AND resource_owner = $3
    )) AS place
    FROM (${sequenceAtSql(["$1::text", "$2::text", "$3::text"], "$4::bigint")}) AS found`,
};
const findAggregateAfter: Statement = {
  name: "aggregate_after",
  text: aggregateAfterSql("$1::text", "$2::text", "$3::text"),
};
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
    positionAt: async (date) => {
      const { rows } = await database.query(findPositionAt, date);
      return Number(rows[0]?.["place"]);
    },
    sequenceAt: async ({ id, type, resourceOwner }, position) => {
      const { rows } = await database.query(
        findSequenceAt,
        ...[id, type, resourceOwner, position],
      );
      return Number(rows[0]?.["place"]);
    },
    aggregateAfter: async (id, after) => {
      const { rows } = await database.query(
        findAggregateAfter,
        ...[id, after?.type ?? "", after?.resourceOwner ?? ""],
      );
      const [row] = rows;
      return row && toAggregate(row as unknown as EventRow);
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
  within: Places,
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
    text: `SELECT position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_micros, payload
      FROM events WHERE ${conditions.join(" AND ")}
      ORDER BY ${within.column} ${filter.ascending ? "ASC" : "DESC"} LIMIT $${values.length}`,
    values,
  };
}

/** An event that is to be written; its position and its date are known when it is. */
export type PendingEvent = {
  -readonly [K in keyof RecordedEvent]: RecordedEvent[K];
};

// The heads of the logs are locked last, the users' after the names', and until the commit. An event has the date that its time says, or the next
// one of the log; nodes of the version before read it in milliseconds.
const appendTo = (table: string, head: string): Statement => ({
  name: `append_${table}`,
  text: `WITH last AS (SELECT date_micros AS date FROM ${head} FOR UPDATE),
    head AS (UPDATE ${head} SET position = position + $1::bigint, date_micros = greatest(last.date, $2::bigint) + $1::bigint
      FROM last RETURNING position, last.date AS last_date)
    INSERT INTO ${table} (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date,
      creation_micros, payload)
    SELECT head.position - $1::bigint + e.place, e.aggregate_type, e.aggregate_id, e.resource_owner, e.sequence, e.type,
      e.editor, (greatest(head.last_date, e.base) + e.place) / 1000, greatest(head.last_date, e.base) + e.place, e.payload
    FROM head, unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[], $10::text[])
      WITH ORDINALITY
      AS e (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, base, payload, place)
    RETURNING position, creation_micros`,
});
const appendToLog = {
  events: appendTo("events", "log_head"),
  name_events: appendTo("name_events", "name_log_head"),
};

/** The events of a batch, and the last sequences of those whom they are about. */
export class NewEvents implements EventTable {
  readonly pending: PendingEvent[] = [];
  /** When they happened, in milliseconds since 1970 UTC: their dates may come to be later. */
  readonly #times: number[] = [];
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
    const place = { position: 0, sequence, creationMicros: 0 };
    const pending: PendingEvent = recordedEvent(
      aggregate,
      editor,
      event,
      place,
    );
    this.#journal.push(this.#times, time);
    this.#journal.push(this.pending, pending);
    return pending;
  }

  /** The statement that appends the events, where there are any. */
  writes(): readonly Call[] {
    const events = this.pending;
    if (events.length === 0) {
      return [];
    }
    const bases = dateBases(this.#times);
    return [
      [
        this.#append,
        events.length,
        bases.at(-1) ?? 0,
        events.map(({ aggregateType }) => aggregateType),
        events.map(({ aggregateId }) => aggregateId),
        events.map(({ resourceOwner }) => resourceOwner),
        events.map(({ sequence }) => sequence),
        events.map(({ type }) => type),
        events.map(({ editor }) => editor),
        bases,
        events.map(({ payload }) =>
          payload === undefined ? null : JSON.stringify(payload),
        ),
      ],
    ];
  }

  /** Gives the events the positions and dates with which that statement has written them. */
  place(rows: readonly Row[]): void {
    const places = rows
      .map((row) => [Number(row["position"]), Number(row["creation_micros"])])
      .sort(([a = 0], [b = 0]) => a - b);
    for (const [index, event] of this.pending.entries()) {
      [event.position = 0, event.creationMicros = 0] = places[index] ?? [];
    }
  }
}

/**
 * By the times of events alone, for each the date to which its place among them is added, from 1 on. Where the last date of the log is greater,
 * that is: so each has the date that `dateAfter` gives it behind the one before.
 */
function dateBases(times: readonly number[]): readonly number[] {
  let base = -Infinity;
  return times.map((time, index) => {
    base = Math.max(base, dateOf(time) - (index + 1));
    return base;
  });
}

function aggregateKey({ type, id, resourceOwner }: Aggregate): string {
  return `${type}\n${resourceOwner}\n${id}`;
}
