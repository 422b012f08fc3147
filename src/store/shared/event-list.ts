import { LongWork } from "../../pacing/long-work.ts";
import type { Aggregate } from "../commands/tables.ts";
import type { EventFilter, RecordedEvent } from "../events.ts";

/** Places greater than `after`, up to and with `upTo`: positions in the log, or sequences of one aggregate. */
export interface Places {
  readonly column: "position" | "sequence";
  readonly after: number;
  readonly upTo: number;
}

/** What a list of events is made of. */
export interface EventLog {
  /** 0 before the first event. */
  lastPosition(): number | Promise<number>;
  /** The last position whose event has this date or an earlier one, or a position behind all events; see {@link positionAtSql}. */
  positionAt(date: number): number | Promise<number>;
  /** The last sequence of an aggregate whose event is at this position or before it; see {@link sequenceAtSql}. */
  sequenceAt(aggregate: Aggregate, position: number): number | Promise<number>;
  /** Of the aggregates with an id, the first in the order of types and owners that comes after one. */
  aggregateAfter(
    id: string,
    after: Pick<Aggregate, "type" | "resourceOwner"> | undefined,
  ): Aggregate | undefined | Promise<Aggregate | undefined>;
  /** The events that fit among those of some places, in the order of these. */
  list(
    filter: EventFilter,
    within: Places,
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
 * @param windowSize how many places are searched at once
 */
export async function listEvents(
  log: EventLog,
  filter: EventFilter,
  windowSize: number,
): Promise<readonly RecordedEvent[]> {
  const positions = await positionsOf(log, filter);
  const slices =
    filter.aggregateId === undefined || filter.aggregateId === ""
      ? readSlices(log, filter, positions, { windowSize, sliceSize })
      : readAggregates(log, filter, positions, windowSize);
  const found: RecordedEvent[] = [];
  for await (const slice of slices) {
    // Not spread into `push`: there may be more than a call takes arguments.
    for (const event of slice) {
      found.push(event);
    }
    if (found.length >= filter.limit) {
      return found.slice(0, filter.limit);
    }
  }
  return found;
}

interface SliceSizes {
  /** How many places are looked through at once. */
  readonly windowSize: number;
  /** How many events are read at once. */
  readonly sliceSize: number;
}

/** Reads the events that fit among those of some places, as many as are wanted. */
async function* readSlices(
  log: EventLog,
  filter: EventFilter,
  places: Places,
  sizes: SliceSizes,
): AsyncGenerator<readonly RecordedEvent[]> {
  let rest = places;
  let wanted = filter.limit;
  const work = new LongWork();
  while (rest.after < rest.upTo && wanted > 0) {
    const within = windowOf(rest, sizes.windowSize, filter.ascending);
    const limit = Math.min(wanted, sizes.sliceSize);
    const slice = await log.list({ ...filter, limit }, within);
    if (slice.length > 0) {
      yield slice;
    }
    wanted -= slice.length;
    // A slice that is full may have left some of its window.
    const last = slice.length === limit ? slice.at(-1) : undefined;
    const place = last?.[rest.column];
    rest = filter.ascending
      ? { ...rest, after: place ?? within.upTo }
      : { ...rest, upTo: place === undefined ? within.after : place - 1 };
    await work.pause();
  }
}

/**
 * Reads the events of the aggregates with an id, mostly one, by their sequences, in the order of their index: to read them by their positions, all of
 * an aggregate would be sorted for each slice.
 */
async function* readAggregates(
  log: EventLog,
  filter: EventFilter,
  positions: Places,
  windowSize: number,
): AsyncGenerator<readonly RecordedEvent[]> {
  const aggregates = await aggregatesOf(log, filter);
  const sizes = {
    windowSize,
    sliceSize: Math.ceil(sliceSize / Math.max(aggregates.length, 1)),
  };
  const lists = [];
  for (const aggregate of aggregates) {
    const own = {
      ...filter,
      ...{ aggregateId: aggregate.id, aggregateTypes: [aggregate.type] },
      resourceOwner: aggregate.resourceOwner,
    };
    const within = await sequencesOf(log, filter, aggregate, positions);
    lists.push(readSlices(log, own, within, sizes));
  }
  yield* merged(lists, filter.ascending);
}

/** How far a list has been merged. */
interface EventHead {
  readonly list: AsyncGenerator<readonly RecordedEvent[]>;
  slice: readonly RecordedEvent[];
  /** Of the slice's next event. */
  index: number;
}

/** Merges lists of events, each in the order of the positions, into one. */
async function* merged(
  lists: readonly AsyncGenerator<readonly RecordedEvent[]>[],
  ascending: boolean,
): AsyncGenerator<readonly RecordedEvent[]> {
  const [only, ...others] = lists;
  if (only !== undefined && others.length === 0) {
    yield* only;
    return;
  }
  const heads: EventHead[] = [];
  for (const list of lists) {
    const next = await list.next();
    if (next.done !== true) {
      heads.push({ list, slice: next.value, index: 0 });
    }
  }
  const placeOf = ({ slice, index }: EventHead) =>
    (slice[index]?.position ?? 0) * (ascending ? 1 : -1);
  while (heads.length > 0) {
    const next = heads.reduce((best, head) =>
      placeOf(head) < placeOf(best) ? head : best,
    );
    yield next.slice.slice(next.index, next.index + 1);
    next.index += 1;
    if (next.index < next.slice.length) {
      continue;
    }
    const more = await next.list.next();
    if (more.done === true) {
      heads.splice(heads.indexOf(next), 1);
    } else {
      [next.slice, next.index] = [more.value, 0];
    }
  }
}

/** The aggregates whose events a filter with an id may have. */
async function aggregatesOf(
  log: EventLog,
  { aggregateId = "", aggregateTypes = [], resourceOwner = "" }: EventFilter,
): Promise<readonly Aggregate[]> {
  const found: Aggregate[] = [];
  let last: Aggregate | undefined;
  const work = new LongWork();
  for (;;) {
    last = await log.aggregateAfter(aggregateId, last);
    if (last === undefined) {
      return found;
    }
    const isWanted =
      (aggregateTypes.length === 0 || aggregateTypes.includes(last.type)) &&
      (resourceOwner === "" || resourceOwner === last.resourceOwner);
    if (isWanted) {
      found.push(last);
    }
    // As many as there are organisations may have the same id.
    await work.pause();
  }
}

/** The sequences that an aggregate's events may have: they are in the order of the positions. */
async function sequencesOf(
  log: EventLog,
  { sequenceAfter = 0, sequenceBefore = Infinity }: EventFilter,
  aggregate: Aggregate,
  { after, upTo }: Places,
): Promise<Places> {
  const first = after === 0 ? 0 : await log.sequenceAt(aggregate, after);
  const last = await log.sequenceAt(aggregate, upTo);
  return {
    column: "sequence",
    after: Math.max(first, sequenceAfter),
    upTo: Math.min(last, sequenceBefore - 1),
  };
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
): Promise<Places> {
  const last = await log.lastPosition();
  const after =
    createdAfter === undefined ? 0 : await log.positionAt(createdAfter);
  const upTo =
    createdBefore === undefined
      ? last
      : await log.positionAt(createdBefore - 1);
  return {
    column: "position",
    after: Math.max(after, positionAfter),
    upTo: Math.min(upTo, last),
  };
}

/**
 * A query for the last position, as `place`, whose event has a date or an earlier one. It comes nearer by steps, each half as long as the one before,
 * and at each looks one event up by its position: so no event pays for an index by date. A position behind all events where they all have.
 *
 * @param date the parameter, as the engine writes it
 */
export function positionAtSql(date: string): string {
  return searchSql("creation_micros", "position", "true", date, 2 ** 40);
}

/**
 * In the same way, a query for the last sequence of an aggregate whose event is at a position or before it, or a sequence behind all.
 *
 * @param aggregate its id, its type and its owner, and @param position the parameters, as the engine writes them
 */
export function sequenceAtSql(
  [id, type, owner]: readonly [string, string, string],
  position: string,
): string {
  const own = `aggregate_id = ${id} AND aggregate_type = ${type} AND resource_owner = ${owner}`;
  return searchSql("position", "sequence", own, position, 2 ** 40);
}

/** The first or the last event of an aggregate. @param aggregate its id, its type and its owner, as the engine writes parameters */
export function endOfSql(
  [id, type, owner]: readonly [string, string, string],
  order: "ASC" | "DESC",
): string {
  return `SELECT * FROM events WHERE aggregate_id = ${id} AND aggregate_type = ${type} AND resource_owner = ${owner}
    ORDER BY sequence ${order} LIMIT 1`;
}

/** Finds the last place whose value, which grows with the places, is at most the one that is sought. No log has places behind the first step. */
function searchSql(
  value: string,
  place: string,
  among: string,
  sought: string,
  firstStep: number,
): string {
  return `WITH RECURSIVE search (place, step) AS (
      SELECT CAST(0 AS BIGINT), CAST(${firstStep} AS BIGINT)
      UNION ALL
      SELECT CASE WHEN coalesce((
          SELECT ${value} FROM events WHERE ${among} AND ${place} <= place + step ORDER BY ${place} DESC LIMIT 1
        ) <= ${sought}, true) THEN place + step ELSE place END, step / 2
      FROM search WHERE step > 0
    )
    SELECT place FROM search WHERE step = 0`;
}

/**
 * A query for the first aggregate with an id behind a type and an owner.
 *
 * @param id the parameter, and those that follow, as the engine writes them
 */
export function aggregateAfterSql(
  id: string,
  type: string,
  owner: string,
): string {
  return `SELECT aggregate_type, aggregate_id, resource_owner FROM events
    WHERE aggregate_id = ${id} AND (aggregate_type, resource_owner) > (${type}, ${owner})
    ORDER BY aggregate_type, resource_owner LIMIT 1`;
}

/** The conditions of a filter and of a window, in the words of SQL. */
export function eventConditions(
  filter: EventFilter,
  { column, after, upTo }: Places,
): readonly EventCondition[] {
  const conditions: EventCondition[] = [
    { column, operator: ">", value: after },
    { column, operator: "<", value: upTo + 1 },
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

/** The places of a rest that are looked through next. */
function windowOf(
  { column, after, upTo }: Places,
  step: number,
  ascending: boolean,
): Places {
  return ascending
    ? { column, after, upTo: Math.min(after + step, upTo) }
    : { column, after: Math.max(upTo - step, after), upTo };
}
