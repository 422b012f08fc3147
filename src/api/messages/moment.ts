import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { LockoutError } from "../../lockout/errors/errors.ts";

const firstSecond = Date.parse("0001-01-01T00:00:00Z") / 1000;
const lastSecond = Date.parse("9999-12-31T23:59:59Z") / 1000;

/** The first time that a message can hold, in milliseconds since 1970. */
export const firstMs = firstSecond * 1000;

/** The date of an event, in microseconds since 1970, as a message has it. */
export function timestampFromMicros(micros: number): Timestamp {
  const seconds = Math.floor(micros / 1_000_000);
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: (micros - seconds * 1_000_000) * 1000,
  });
}

/**
 * A bound in whole microseconds since 1970, as events have them, behind which a list begins. Rounded down: a later date is later than the bound,
 * or not, exactly as it is later than the bound rounded down.
 *
 * @throws LockoutError timeInvalid
 */
export function afterMicros(time: Timestamp): number {
  return moment(time, 1_000_000, Math.floor);
}

/**
 * A bound in whole microseconds before which a list ends. Rounded up, for the same reason.
 *
 * @throws LockoutError timeInvalid
 */
export function beforeMicros(time: Timestamp): number {
  return moment(time, 1_000_000, Math.ceil);
}

/**
 * A bound of a list in whole milliseconds since 1970, as locks have them. Rounded up: what happened at a whole millisecond is before
 * the bound, or not, exactly as it is before the bound rounded up.
 *
 * @throws LockoutError timeInvalid
 */
export function boundMs(time: Timestamp): number {
  return moment(time, 1000, Math.ceil);
}

/**
 * A time in whole milliseconds since 1970, rounded down: whether a whole millisecond is later does not change.
 *
 * @throws LockoutError timeInvalid
 */
export function floorMs(time: Timestamp): number {
  return moment(time, 1000, Math.floor);
}

/**
 * An expiry in whole milliseconds since 1970. Rounded down: never later than was asked, nor beyond the last time that
 * responses can hold.
 *
 * @throws LockoutError timeInvalid
 */
export function expiryMs(time: Timestamp): number {
  return moment(time, 1000, Math.floor);
}

// JSON has no other times, but gRPC can carry them.
function moment(
  { seconds, nanos }: Timestamp,
  partsOfSecond: number,
  round: (parts: number) => number,
): number {
  const whole = Number(seconds);
  if (
    whole < firstSecond ||
    whole > lastSecond ||
    nanos < 0 ||
    nanos > 999_999_999
  ) {
    throw new LockoutError("timeInvalid");
  }
  // A sum would not hold every nanosecond.
  return whole * partsOfSecond + round(nanos / (1_000_000_000 / partsOfSecond));
}
