import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Interval } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  ActivityIntervalSchema,
  GetActivityRequest,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import { activityIntervals, intervalStart } from "../../store/activity.ts";
import type {
  ActivityCounts,
  ActivityFigures,
  ActivityInterval,
  ActivityQuery,
} from "../../store/activity.ts";
import { boundMs, firstMs, floorMs } from "./moment.ts";

/** So many intervals a response has at most. */
const maxIntervals = 1000;

/** So many intervals a response has where the request does not say since when, the current one too. */
const usualIntervals = {
  minute: 60,
  hour: 24,
  day: 30,
} as const satisfies Record<ActivityInterval, number>;

/**
 * Which figures a request asks for.
 *
 * @param now in milliseconds since 1970
 * @throws LockoutError
 */
export function readActivityQuery(
  request: Pick<GetActivityRequest, "since" | "until" | "interval">,
  now: number,
): Omit<ActivityQuery, "orgId"> {
  const interval = readInterval(request.interval);
  const length = activityIntervals[interval];
  const until = request.until === undefined ? now + 1 : boundMs(request.until);
  const since = intervalStart(
    interval,
    request.since === undefined
      ? until - 1 - (usualIntervals[interval] - 1) * length
      : floorMs(request.since),
  );
  const isTooLong = since + maxIntervals * length < until;
  if (since >= until || isTooLong || since < firstMs) {
    throw new LockoutError("activityRangeInvalid");
  }
  return { interval, since, until };
}

/** All intervals that a request asks for, also those in which nothing happened. */
export function activityMessages(
  { interval, since, until }: Omit<ActivityQuery, "orgId">,
  figures: readonly ActivityFigures[],
): MessageInitShape<typeof ActivityIntervalSchema>[] {
  const counts = new Map(figures.map((each) => [each.time, each.counts]));
  const length = activityIntervals[interval];
  return Array.from(
    { length: Math.ceil((until - since) / length) },
    (_, place) => {
      const time = since + place * length;
      return intervalMessage(time, counts.get(time) ?? {});
    },
  );
}

function intervalMessage(
  time: number,
  counts: ActivityCounts,
): MessageInitShape<typeof ActivityIntervalSchema> {
  return {
    time: timestampFromMs(time),
    attempts: countsOf("attempts_", counts),
    completed: countsOf("completed_", counts),
    locks: BigInt(counts.locks ?? 0),
    unlocks: BigInt(counts.unlocks ?? 0),
  };
}

function countsOf(
  prefix: string,
  counts: ActivityCounts,
): Record<string, bigint> {
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([kind]) => kind.startsWith(prefix))
      .map(([kind, count]) => [kind.slice(prefix.length), BigInt(count)]),
  );
}

function readInterval(interval: Interval): ActivityInterval {
  switch (interval) {
    case Interval.MINUTE:
      return "minute";
    case Interval.UNSPECIFIED:
    case Interval.HOUR:
      return "hour";
    case Interval.DAY:
      return "day";
    // Enums are open: other numbers arrive as they are.
    default:
      throw new LockoutError("activityRangeInvalid");
  }
}
