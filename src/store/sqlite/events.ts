import type { Database } from "better-sqlite3";
import type {
  AggregateType,
  EventPayload,
  EventType,
} from "../../lockout/event.ts";
import type { EventFilter, RecordedEvent } from "../store.ts";
import type { EventTable } from "../tables.ts";

/** {@link EventTable}, whose changes are made inside a transaction, and what is asked outside of it. */
export interface Events extends EventTable {
  /** 0 before the first event. */
  lastPosition(): number;
  /** The events that fit among those of some positions. */
  list(filter: EventFilter, within: Positions): readonly RecordedEvent[];
}

/** Positions greater than `after`, up to and with `upTo`. */
export interface Positions {
  readonly after: number;
  readonly upTo: number;
}

interface EventRow {
  readonly position: number;
  readonly aggregate_type: AggregateType;
  readonly aggregate_id: string;
  readonly resource_owner: string;
  readonly sequence: number;
  readonly type: EventType;
  readonly editor: string;
  readonly creation_date: number;
  readonly payload: string | null;
}

export function prepareEvents(database: Database): Events {
  const lastSequence = database
    .prepare<[string, string, string], number | null>(
      `SELECT max(sequence) FROM events
       WHERE aggregate_id = ? AND aggregate_type = ? AND resource_owner = ?`,
    )
    .pluck();
  const insert = database.prepare<
    [string, string, string, number, string, string, number, string | null]
  >(
    `INSERT INTO events (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const lastPosition = database
    .prepare<[], number | null>("SELECT max(position) FROM events")
    .pluck();
  return {
    lastPosition: () => lastPosition.get() ?? 0,
    append: (aggregate, editor, { type, payload }, time) => {
      const last = lastSequence.get(
        aggregate.id,
        aggregate.type,
        aggregate.resourceOwner,
      );
      const sequence = (last ?? 0) + 1;
      const { lastInsertRowid } = insert.run(
        aggregate.type,
        aggregate.id,
        aggregate.resourceOwner,
        sequence,
        type,
        editor,
        time,
        payload === undefined ? null : JSON.stringify(payload),
      );
      return {
        position: Number(lastInsertRowid),
        aggregateType: aggregate.type,
        aggregateId: aggregate.id,
        resourceOwner: aggregate.resourceOwner,
        sequence,
        type,
        editor,
        creationDate: time,
        payload,
      };
    },
    list: (filter, within) => {
      const { sql, values } = listQuery(filter, within);
      return database
        .prepare<(string | number)[], EventRow>(sql)
        .all(...values)
        .map(toEvent);
    },
  };
}

interface Query {
  readonly sql: string;
  readonly values: (string | number)[];
}

function listQuery(filter: EventFilter, { after, upTo }: Positions): Query {
  const conditions = ["position > ?", "position <= ?"];
  const values: (string | number)[] = [after, upTo];
  const want = (condition: string, value: string | number | undefined) => {
    if (value === undefined || value === "") return;
    conditions.push(condition);
    values.push(value);
  };
  const wantOneOf = (column: string, wanted: readonly string[] = []) => {
    // One alone is compared as such, so that the column's index gives the order too. Of many, any number
    // fits into one value.
    if (wanted.length === 1) {
      conditions.push(`${column} = ?`);
      values.push(...wanted);
    } else if (wanted.length > 1) {
      conditions.push(`${column} IN (SELECT value FROM json_each(?))`);
      values.push(JSON.stringify(wanted));
    }
  };
  want("sequence > ?", filter.sequenceAfter);
  want("sequence < ?", filter.sequenceBefore);
  want("creation_date >= ?", filter.since);
  want("creation_date < ?", filter.until);
  want("editor = ?", filter.editor);
  want("aggregate_id = ?", filter.aggregateId);
  want("resource_owner = ?", filter.resourceOwner);
  wantOneOf("type", filter.types);
  wantOneOf("aggregate_type", filter.aggregateTypes);
  const order = filter.ascending ? "ASC" : "DESC";
  values.push(filter.limit);
  return {
    sql: `SELECT * FROM events WHERE ${conditions.join(" AND ")} ORDER BY position ${order} LIMIT ?`,
    values,
  };
}

function toEvent(row: EventRow): RecordedEvent {
  return {
    position: row.position,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    resourceOwner: row.resource_owner,
    sequence: row.sequence,
    type: row.type,
    editor: row.editor,
    creationDate: row.creation_date,
    payload:
      row.payload === null
        ? undefined
        : (JSON.parse(row.payload) as EventPayload),
  };
}
