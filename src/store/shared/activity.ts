/** Figures of activity, as every engine keeps them: a row for each organisation and interval, and one for all organisations together. */
import {
  activityIntervals,
  activityKinds,
  everybody,
  intervalStart,
  keepActivityMs,
} from "../activity.ts";
import type {
  ActivityCounts,
  ActivityFigures,
  ActivityInterval,
  ActivityKind,
  MinuteOfActivity,
} from "../activity.ts";

/** What is added to a row. */
export interface AddedActivity {
  readonly unit: ActivityInterval;
  readonly orgId: string;
  readonly time: number;
  readonly counts: ActivityCounts;
}

/** A row as it is read. */
export type ActivityRow = Readonly<
  { time: number } & Record<ActivityKind, number>
>;

const units = Object.keys(activityIntervals) as readonly ActivityInterval[];

/** The rows to which minutes are added, each once, in the order of their keys: so nodes that add at once lock them in one order. */
export function rowsOfMinutes(
  minutes: readonly MinuteOfActivity[],
): readonly AddedActivity[] {
  const rows = new Map<string, AddedActivity>();
  for (const { orgId, time, counts } of minutes) {
    for (const unit of units) {
      for (const owner of new Set([everybody, orgId])) {
        const start = intervalStart(unit, time);
        const key = `${unit} ${owner} ${String(start).padStart(16, "0")}`;
        const before = rows.get(key)?.counts ?? {};
        rows.set(key, {
          ...{ unit, orgId: owner, time: start },
          counts: sumOf(before, counts),
        });
      }
    }
  }
  return [...rows]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, row]) => row);
}

/** Both together. */
export function sumOf(
  one: ActivityCounts,
  other: ActivityCounts,
): ActivityCounts {
  const sum: Partial<Record<ActivityKind, number>> = { ...one };
  for (const [kind, count] of Object.entries(other)) {
    sum[kind as ActivityKind] = (sum[kind as ActivityKind] ?? 0) + count;
  }
  return sum;
}

/** Reads a row. */
export function toFigures(row: ActivityRow): ActivityFigures {
  const counts = activityKinds
    .map((kind) => [kind, row[kind]] as const)
    .filter(([, count]) => count > 0);
  return { time: row.time, counts: Object.fromEntries(counts) };
}

/** The columns that are counted. */
export const countColumns = activityKinds.join(", ");

/** What is done where there is a row already. */
export const addToRow = `ON CONFLICT (unit, org_id, time) DO UPDATE SET ${activityKinds
  .map((kind) => `${kind} = activity.${kind} + excluded.${kind}`)
  .join(", ")}`;

/** Which figures are removed: of each interval those before a time. @param now in milliseconds since 1970 */
export function staleActivity(
  now: number,
): readonly (readonly [ActivityInterval, number])[] {
  return [
    ["minute", now - keepActivityMs.minute],
    ["hour", now - keepActivityMs.hour],
  ];
}
