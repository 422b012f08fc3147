import { setImmediate } from "node:timers/promises";
import type { EventFilter, RecordedEvent } from "../events.ts";

/** Positions greater than `after`, up to and with `upTo`. */
export interface Positions {
  readonly after: number;
  readonly upTo: number;
}

/** What a list of events is made of. */
export interface EventLog {
  /** 0 before the first event. */
  lastPosition(): number | Promise<number>;
  /** The last position whose event has this date or an earlier one, or a position behind all events; see {@link positionAtSql}. */
  positionAt(date: number): number | Promise<number>;
  /** The events that fit among those of some positions. */
  list(
    filter: EventFilter,
    within: Positions,
  ): readonly RecordedEvent[] | Promise<readonly RecordedEvent[]>;
}

/** How many events are read at once: some milliseconds, even if all have the maximum size. */
const sliceSize = 100;

/**
 * Lists events window by window, and yields in between: else a filter that matches few of many events would block all other calls, or the
 * database, while it searches; and so would many large events. So each kind
 * of filter need not have an
 * index, which every event that is written would pay for. Events never change, so the windows fit together.
 *
 * @param windowSize how many positions are searched at once
 */
export async function listEvents(
  log: EventLog,
  filter: EventFilter,
  windowSize: number,
): Promise<readonly RecordedEvent[]> {
  let rest = await positionsOf(log, filter);
  // The index of an aggregate's events finds them all at once, whatever their positions, and would find them all for each slice.
  const [step, most] =
    filter.aggregateId === undefined || filter.aggregateId === ""
      ? [windowSize, sliceSize]
      : [Infinity, Infinity];
  const found: RecordedEvent[] = [];
  while (rest.after < rest.upTo) {
    const within = windowOf(rest, step, filter.ascending);
    const limit = Math.min(filter.limit - found.length, most);
    const slice = await log.list({ ...filter, limit }, within);
    // Not spread into `push`: there may be more than a call takes arguments.
    for (const event of slice) {
      found.push(event);
    }
    if (found.length >= filter.limit) {
      break;
    }
    // A slice that is full may have left some of its window.
    const last = slice.length === limit ? slice.at(-1) : undefined;
    rest = filter.ascending
      ? { ...rest, after: last?.position ?? within.upTo }
      : {
          ...rest,
          upTo: last === undefined ? within.after : last.position - 1,
        };
    await setImmediate();
  }
  return found;
}

/** What the column of an event must be; `among` holds one value or more. */
export type EventCondition =
  | {
      readonly column: string;
      readonly operator: "=" | ">" | "<";
      readonly value: string | number;
    }
  | { readonly column: string; readonly among: readonly string[] };

/** The positions that a list may have: dates are in the order of the positions, and so bound these. */
async function positionsOf(
  log: EventLog,
  { positionAfter = 0, createdAfter, createdBefore }: EventFilter,
): Promise<Positions> {
  const last = await log.lastPosition();
  const after =
    createdAfter === undefined ? 0 : await log.positionAt(createdAfter);
  const upTo =
    createdBefore === undefined
      ? last
      : await log.positionAt(createdBefore - 1);
  return {
    after: Math.max(after, positionAfter),
    upTo: Math.min(upTo, last),
  };
}

/**
 * A query for the last position, as `place`, whose event has a date or an earlier one, or a position behind all events where they all have. It comes
 * nearer by steps, each half as long as the one before, and at each looks one event up by its position: so no event pays for an index by date.
 *
 * @param date the parameter, as the engine writes it
 */
export function positionAtSql(date: string): string {
  return `WITH RECURSIVE search (place, step) AS (
      SELECT CAST(0 AS BIGINT), CAST(${firstStep} AS BIGINT)
      UNION ALL
      SELECT CASE WHEN coalesce((
          SELECT creation_micros FROM events WHERE position <= place + step ORDER BY position DESC LIMIT 1
        ) <= ${date}, true) THEN place + step ELSE place END, step / 2
      FROM search WHERE step > 0
    )
    SELECT place FROM search WHERE step = 0`;
}

/** No log has twice as many positions. */
const firstStep = 2 ** 40;

/** The conditions of a filter and of a window, in the words of SQL. */
export function eventConditions(
  filter: EventFilter,
  { after, upTo }: Positions,
): readonly EventCondition[] {
  const conditions: EventCondition[] = [
    { column: "position", operator: ">", value: after },
    { column: "position", operator: "<", value: upTo + 1 },
  ];
  const want = (
    column: string,
    operator: "=" | ">" | "<",
    value: string | number | undefined,
  ) => {
    if (value !== undefined && value !== "") {
      conditions.push({ column, operator, value });
    }
  };
  const wantOneOf = (column: string, among: readonly string[] = []) => {
    const [first, ...more] = among;
    if (first === undefined) {
      return;
    }
    // One alone is compared as such, so that the column's index gives the order too.
    if (more.length === 0) {
      conditions.push({ column, operator: "=", value: first });
    } else {
      conditions.push({ column, among });
    }
  };
  want("sequence", ">", filter.sequenceAfter);
  want("sequence", "<", filter.sequenceBefore);
  want("editor", "=", filter.editor);
  want("aggregate_id", "=", filter.aggregateId);
  want("resource_owner", "=", filter.resourceOwner);
  wantOneOf("type", filter.types);
  wantOneOf("aggregate_type", filter.aggregateTypes);
  return conditions;
}

/** The positions of a rest that are looked through next. */
function windowOf(
  { after, upTo }: Positions,
  step: number,
  ascending: boolean,
): Positions {
  return ascending
    ? { after, upTo: Math.min(after + step, upTo) }
    : { after: Math.max(upTo - step, after), upTo };
}
