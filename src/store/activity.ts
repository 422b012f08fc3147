/** The part of the port that is about activity: how much is tried, locked and unlocked, in figures. What `store.ts` says of every method holds here too. */

/** What is counted, by the names of the columns. */
export const activityKinds = [
  ...(["attempts_proceed", "attempts_locked", "attempts_busy"] as const),
  ...(["attempts_throttled", "attempts_inactive"] as const),
  ...(["completed_succeeded", "completed_failed"] as const),
  ...(["completed_not_a_guess", "completed_expired"] as const),
  ...(["locks", "unlocks"] as const),
] as const;

/** One of {@link activityKinds}. */
export type ActivityKind = (typeof activityKinds)[number];

/** How often each happened; what did not is left out. */
export type ActivityCounts = Readonly<Partial<Record<ActivityKind, number>>>;

/** In what intervals figures are kept, with their lengths in milliseconds. They begin at whole ones of UTC. */
export const activityIntervals = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
} as const;

/** The name of one of {@link activityIntervals}. */
export type ActivityInterval = keyof typeof activityIntervals;

/** For how long figures of each interval are kept, in milliseconds; those of days for ever. */
export const keepActivityMs = {
  minute: 2 * activityIntervals.day,
  hour: 90 * activityIntervals.day,
} as const;

/** When an interval begins that a time is in. */
export function intervalStart(
  interval: ActivityInterval,
  time: number,
): number {
  const length = activityIntervals[interval];
  return Math.floor(time / length) * length;
}

/** Instead of an organisation: all together. */
export const everybody = "";

/** What happened in an organisation within a minute. */
export interface MinuteOfActivity {
  /** Or {@link everybody}, for what counts for no single one. */
  readonly orgId: string;
  /** When the minute began. */
  readonly time: number;
  readonly counts: ActivityCounts;
}

/** What happened in an interval. */
export interface ActivityFigures {
  /** When it began. */
  readonly time: number;
  readonly counts: ActivityCounts;
}

/** Which figures are wanted. */
export interface ActivityQuery {
  /** Undefined for all organisations together. */
  readonly orgId: string | undefined;
  readonly interval: ActivityInterval;
  /** Intervals that begin at this time or later. */
  readonly since: number;
  /** Intervals that begin before this time. */
  readonly until: number;
}

/** The part of the port that is about activity. */
export interface ActivityStore {
  /** Adds to the figures of the organisations and of all together, in each interval. At most some hundred minutes at once. */
  addActivity(minutes: readonly MinuteOfActivity[]): Promise<void>;
  /** The intervals in which something happened, in their order. The caller asks for no more than some thousand. */
  listActivity(query: ActivityQuery): Promise<readonly ActivityFigures[]>;
  /** Removes figures that are older than they are kept, at most `limit`; says how many. */
  pruneActivity(limit: number): Promise<number>;
}
