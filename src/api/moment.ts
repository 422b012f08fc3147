import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { LockoutError } from "../lockout/errors.ts";

const firstSecond = Date.parse("0001-01-01T00:00:00Z") / 1000;
const lastSecond = Date.parse("9999-12-31T23:59:59Z") / 1000;

/**
 * A bound of a list in whole milliseconds since 1970, as events and locks have them. Rounded up: what happened at a whole
 * millisecond is before the bound, or not, exactly as it is before the bound rounded up.
 *
 * @throws LockoutError timeInvalid
 */
export function boundMs(time: Timestamp): number {
  return momentMs(time, Math.ceil);
}

/**
 * An expiry in whole milliseconds since 1970. Rounded down: never later than was asked, nor beyond the last time that
 * answers can hold.
 *
 * @throws LockoutError timeInvalid
 */
export function expiryMs(time: Timestamp): number {
  return momentMs(time, Math.floor);
}

// JSON has no other times, but gRPC can carry them.
function momentMs(
  { seconds, nanos }: Timestamp,
  round: (ms: number) => number,
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
  return whole * 1000 + round(nanos / 1_000_000);
}
