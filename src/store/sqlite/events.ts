import type { Database } from "better-sqlite3";
import {
  aggregateAfterSql,
  endOfSql,
  eventConditions,
  positionAtSql,
  sequenceAtSql,
} from "../shared/event-list.ts";
import type { EventLog, Places } from "../shared/event-list.ts";
import { toAggregate, toEvent, userEventSql } from "../shared/rows.ts";
import type { EventRow } from "../shared/rows.ts";
import type { EventEnds, EventFilter, RecordedEvent } from "../events.ts";
import { recordedEvent } from "../commands/tables.ts";
import type { Aggregate, EventTable } from "../commands/tables.ts";
import { dateAfter } from "../shared/dates.ts";
import { keptNameEvents } from "../users.ts";
import type { UserKey, UserRecord } from "../users.ts";

/** {@link EventTable}, whose changes are made inside a transaction, and what is read outside of one. */
export interface Events extends EventTable, EventLog {
  lastPosition(): number;
  positionAt(date: number): number;
  sequenceAt(aggregate: Aggregate, position: number): number;
  aggregateAfter: (
    ...from: Parameters<EventLog["aggregateAfter"]>
  ) => Aggregate | undefined;
  /** The date of the last event that was written here, in microseconds; 0 before the first one. */
  newestDate(): number;
  /** How many events were written here, also those of transactions that were rolled back. */
  appended(): number;
  list(filter: EventFilter, within: Places): readonly RecordedEvent[];
  /** The first and the last event of an organisation, or of the instance. */
  endsOfAggregate(type: "org" | "instance", id: string): EventEnds;
  /** The first and the last event of a user since the registration. */
  endsOf(user: UserKey): Omit<UserRecord, "user">;
}

/** Prepares the statements of {@link Events}. */
export function prepareEvents(database: Database): Events {
  const lastPosition = database
    .prepare<[], number | null>("SELECT max(position) FROM events")
    .pluck();
  const positionAt = database
    .prepare<[number], number>(positionAtSql("?"))
    .pluck();
  let newest = 0;
  let appended = 0;
  const lastSequence = prepareLastSequence(database, "events");
  const sequenceAt = database
    .prepare<[string, string, string, number], number>(
      sequenceAtSql(["?", "?", "?"], "?"),
    )
    .pluck();
  const aggregateAfter = database.prepare<[string, string, string], EventRow>(
    aggregateAfterSql("?", "?", "?"),
  );
  const endOf = (order: "ASC" | "DESC") =>
    database.prepare<[string, string], EventRow>(userEventSql("?", "?", order));
  const [first, last] = [endOf("ASC"), endOf("DESC")];
  const endOfAggregate = (order: "ASC" | "DESC") =>
    database.prepare<[string, string, string], EventRow>(
      endOfSql(["?", "?", "?"], order),
    );
  const [firstOf, lastOf] = [endOfAggregate("ASC"), endOfAggregate("DESC")];
  const read = (row: EventRow | undefined) => row && toEvent(row);
  return {
    append: prepareAppend(database, "events", (date) => {
      newest = date;
      appended += 1;
    }),
    endsOfAggregate: (type, id) => ({
      first: read(firstOf.get(id, type, id)),
      last: read(lastOf.get(id, type, id)),
    }),
    endsOf: ({ orgId, userId }) => ({
      first: read(first.get(userId, orgId)),
      last: read(last.get(userId, orgId)),
    }),
    lastPosition: () => lastPosition.get() ?? 0,
    positionAt: (date) => positionAt.get(date) ?? 0,
    sequenceAt: (aggregate, position) => {
      const { id, type, resourceOwner } = aggregate;
      const found = sequenceAt.get(id, type, resourceOwner, position) ?? 0;
      return Math.min(found, lastSequence(aggregate));
    },
    aggregateAfter: (id, after) => {
      const row = aggregateAfter.get(
        ...[id, after?.type ?? "", after?.resourceOwner ?? ""],
      );
      return row && toAggregate(row);
    },
    newestDate: () => newest,
    appended: () => appended,
    list: (filter, within) => {
      const { sql, values } = listQuery(filter, within);
      return database
        .prepare<(string | number)[], EventRow>(sql)
        .all(...values)
        .map(toEvent);
    },
  };
}

/** The events of names that no user has, written as those of users are. */
export interface NameEvents extends EventTable {
  /** Whether there are more than are kept. */
  isForgettable(): boolean;
  /** Removes the oldest ones beyond those that are kept, at most `limit`; returns how many. */
  forget(limit: number): number;
}

/** Prepares the statements of {@link NameEvents}. */
export function prepareNameEvents(database: Database): NameEvents {
  const isForgettable = database
    .prepare<[], number>(
      `SELECT EXISTS (SELECT 1 FROM name_events
       WHERE position <= (SELECT max(position) FROM name_events) - ${keptNameEvents})`,
    )
    .pluck();
  const forget = database.prepare<[number]>(
    `DELETE FROM name_events WHERE position IN (
       SELECT position FROM name_events
       WHERE position <= (SELECT max(position) FROM name_events) - ${keptNameEvents}
       ORDER BY position LIMIT ?
     )`,
  );
  const append = prepareAppend(database, "name_events");
  const place = prepareLastSequence(database, "events");
  return {
    append: (aggregate, ...event) => {
      // The log is far larger than this table: a page of it, which may not be in memory, is read for each event of a user.
      place(aggregate);
      return append(aggregate, ...event);
    },
    isForgettable: () => isForgettable.get() === 1,
    forget: (limit) => forget.run(limit).changes,
  };
}

type EventTableName = "events" | "name_events";

/** The last sequence of an aggregate; 0 where it has no event. */
function prepareLastSequence(
  database: Database,
  table: EventTableName,
): (aggregate: Aggregate) => number {
  const lastSequence = database
    .prepare<[string, string, string], number | null>(
      `SELECT max(sequence) FROM ${table}
       WHERE aggregate_id = ? AND aggregate_type = ? AND resource_owner = ?`,
    )
    .pluck();
  return ({ id, type, resourceOwner }) =>
    lastSequence.get(id, type, resourceOwner) ?? 0;
}

function prepareAppend(
  database: Database,
  table: EventTableName,
  onAppended: (date: number) => void = () => undefined,
): EventTable["append"] {
  // Both at once: a statement costs more than what it looks up.
  const last = database
    .prepare<[string, string, string], [sequence: number, date: number]>(
      `SELECT coalesce(max(sequence), 0),
         coalesce((SELECT creation_micros FROM ${table} ORDER BY position DESC LIMIT 1), 0)
       FROM ${table} WHERE aggregate_id = ? AND aggregate_type = ? AND resource_owner = ?`,
    )
    .raw();
  const insert = database.prepare<
    [string, string, string, number, string, string, number, string | null]
  >(
    `INSERT INTO ${table} (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_micros, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (aggregate, editor, event, time) => {
    const { id, type, resourceOwner } = aggregate;
    const [lastSequence = 0, lastDate = 0] =
      last.get(id, type, resourceOwner) ?? [];
    const sequence = lastSequence + 1;
    const creationMicros = dateAfter(lastDate, time);
    const { lastInsertRowid } = insert.run(
      type,
      id,
      resourceOwner,
      sequence,
      event.type,
      editor,
      creationMicros,
      event.payload === undefined ? null : JSON.stringify(event.payload),
    );
    onAppended(creationMicros);
    return recordedEvent(aggregate, editor, event, {
      position: Number(lastInsertRowid),
      sequence,
      creationMicros,
    });
  };
}

interface Query {
  readonly sql: string;
  readonly values: (string | number)[];
}

function listQuery(filter: EventFilter, within: Places): Query {
  const values: (string | number)[] = [];
  const conditions = eventConditions(filter, within).map((condition) => {
    if ("among" in condition) {
      // Any number of texts fits into one value.
      values.push(JSON.stringify(condition.among));
      return `${condition.column} IN (SELECT value FROM json_each(?))`;
    }
    values.push(condition.value);
    return `${condition.column} ${condition.operator} ?`;
  });
  const order = filter.ascending ? "ASC" : "DESC";
  values.push(filter.limit);
  return {
    sql: `SELECT * FROM events WHERE ${conditions.join(" AND ")} ORDER BY ${within.column} ${order} LIMIT ?`,
    values,
  };
}
