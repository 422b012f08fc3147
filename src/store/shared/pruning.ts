import { checkEventTypes } from "../../lockout/user/factor.ts";

/** So many positions are looked through at once for events of attempts. */
export const pruneWindow = 10_000;

/** So many events are removed at once: some milliseconds. */
export const pruneSlice = 100;

/** The types of events that are removed, as a list in SQL. */
export const checkTypesSql = checkEventTypes
  .map((type) => `'${type}'`)
  .join(", ");

/** An event that is to be removed. */
export interface PrunableRow {
  readonly position: number;
  readonly aggregate_id: string;
  readonly resource_owner: string;
  readonly sequence: number;
}

/** The columns of {@link PrunableRow}. */
export const prunableColumns =
  "position, aggregate_id, resource_owner, sequence";

/** The last of these events of each user. */
export function lastOfEach(
  rows: readonly PrunableRow[],
): readonly PrunableRow[] {
  const last = new Map(
    rows.map((row) => [`${row.resource_owner}\n${row.aggregate_id}`, row]),
  );
  return [...last.values()];
}

/** Up to where a slice has come that found these events in a window up to `end`. */
export function prunedUpTo(rows: readonly PrunableRow[], end: number): number {
  const last = rows.at(-1);
  return rows.length === pruneSlice && last !== undefined ? last.position : end;
}
