import { noStorm } from "../../lockout/attempt/storm.ts";
import type { Storm } from "../../lockout/attempt/storm.ts";
import { notedAtOnce } from "../commands/settle-storms.ts";
import type { StoredStorm } from "../commands/tables.ts";

/** A lock that was noted. */
export interface NotedRow {
  readonly key: number;
  readonly lock_time: number;
  /** 1 where it is one of a login name that no user has. */
  readonly is_name: number;
}

/** The columns of {@link NotedRow}. */
export const notedColumns = "key, lock_time, is_name";

/** What was read of the storms of an organisation, and the first locks that were noted: at most {@link notedAtOnce}. */
export function toStoredStorm(
  text: string | undefined,
  noted: readonly NotedRow[],
): StoredStorm {
  return {
    storm: text === undefined ? noStorm : toStorm(text),
    noted: noted.filter((row) => row.is_name === 0).map((row) => row.lock_time),
    hasMore: noted.length >= notedAtOnce,
  };
}

/** What is stored of storms. */
export function stormText(storm: Storm): string {
  return JSON.stringify(storm);
}

/** Reads what {@link stormText} made. */
export function toStorm(text: string): Storm {
  return { ...noStorm, ...(JSON.parse(text) as Partial<Storm>) };
}

/** Organisations whose storms are to be settled at a time, at most so many. */
export function dueStormsSql(time: string, limit: string): string {
  return `SELECT org_id FROM noted_locks UNION
    SELECT org_id FROM (SELECT org_id FROM storms WHERE due_time <= ${time} LIMIT ${limit}) AS due UNION
    SELECT org_id FROM (SELECT org_id FROM storms WHERE settled_time > ${time} LIMIT ${limit}) AS ahead
    LIMIT ${limit}`;
}
