import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { incompleteResponse } from "./failure.ts";
import { toTime } from "./output.ts";

/** A time that every response has, as RFC 3339 in UTC. @throws OperationError where it lacks */
export function requiredTime(time: Timestamp | undefined): string {
  if (time === undefined) {
    throw incompleteResponse();
  }
  return toTime(timestampMs(time));
}

/**
 * The date of an event, as RFC 3339 in UTC, always with its microseconds: texts then have the order of the events.
 *
 * @throws OperationError where it lacks
 */
export function requiredDate(time: Timestamp | undefined): string {
  if (time === undefined) {
    throw incompleteResponse();
  }
  const micros = Math.floor(time.nanos / 1000);
  const second = toTime(Number(time.seconds) * 1000).slice(0, -".000Z".length);
  return `${second}.${String(micros).padStart(6, "0")}Z`;
}

/** A nanosecond before a time in milliseconds, for a bound that leaves out what it names. */
export function justBefore(ms: number): Timestamp {
  const time = timestampFromMs(ms - 1);
  return { ...time, nanos: time.nanos + 999_999 };
}
