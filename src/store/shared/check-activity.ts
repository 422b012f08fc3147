import { activityKinds, everybody } from "../activity.ts";
import type { ActivityInterval } from "../activity.ts";
import type { Problems } from "./problems.ts";

/** An interval whose figures contradict each other. */
export interface WrongInterval {
  readonly unit: ActivityInterval;
  /** In milliseconds since 1970. */
  readonly time: number;
}

const own = (kind: string) =>
  `sum(CASE WHEN org_id <> '${everybody}' THEN ${kind} ELSE 0 END)`;
const all = (kind: string) =>
  `sum(CASE WHEN org_id = '${everybody}' THEN ${kind} ELSE 0 END)`;

/** Finds the intervals in which more happened in the organisations than in all together. */
export const wrongIntervalsSql = `SELECT unit, time FROM activity GROUP BY unit, time
  HAVING ${activityKinds.map((kind) => `${own(kind)} > ${all(kind)}`).join(" OR ")} ORDER BY unit, time`;

/** Reports them. */
export function checkActivity(
  problems: Problems,
  intervals: readonly WrongInterval[],
): void {
  for (const { unit, time } of intervals) {
    problems.report(
      `the figures of activity of the ${unit} from ${new Date(time).toISOString()} are smaller for all organisations than for their sum`,
    );
  }
}
