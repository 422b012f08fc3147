import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { factorTexts, texts } from "../texts/shared.ts";

const withDate = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});
const ofToday = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** A time in the browser's zone, without the date where it is today's. */
export function timeText(time: Timestamp): string {
  const date = new Date(timestampMs(time));
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? ofToday : withDate).format(date);
}

/** A time in the browser's zone, with the exact one at hand. */
export function Time({ time }: { readonly time: Timestamp | undefined }) {
  if (time === undefined) {
    return <>–</>;
  }
  const exact = new Date(timestampMs(time)).toISOString();
  return (
    <time dateTime={exact} title={exact}>
      {timeText(time)}
    </time>
  );
}

/** Until when a lock lasts. */
export function Until({ time }: { readonly time: Timestamp | undefined }) {
  return time === undefined ? <>{texts.untilUnlocked}</> : <Time time={time} />;
}

/** What people call a user, or the id where there is no name. */
export function nameOf({
  userId,
  aliases,
}: Pick<Lockout, "userId" | "aliases">): string {
  return aliases[0] ?? userId;
}

/** By what a user is told from all others: two organisations may have users of one id. */
export function userKey({
  resourceOwner,
  userId,
}: Pick<Lockout, "resourceOwner" | "userId">): string {
  return `${resourceOwner} ${userId}`;
}

/** The factor with the most failures, and how many. */
export function worstFactor({ factors }: Lockout): {
  readonly name: string;
  readonly failures: number;
} {
  const [worst] = [...factors].sort(
    (one, other) => other.failedAttempts - one.failedAttempts,
  );
  return worst === undefined || worst.failedAttempts === 0
    ? { name: "", failures: 0 }
    : {
        name: factorTexts[worst.factor] ?? "",
        failures: worst.failedAttempts,
      };
}

/** The lock of the user, or the latest of a factor where the user is open. */
export function lockOf(
  lockout: Lockout,
): Pick<Lockout, "reason" | "lockTime" | "lockEndTime"> {
  if (lockout.locked) {
    return lockout;
  }
  const [latest] = lockout.factors
    .filter(({ locked }) => locked)
    .sort((one, other) => timeOf(other.lockTime) - timeOf(one.lockTime));
  return latest ?? lockout;
}

function timeOf(time: Timestamp | undefined): number {
  return time === undefined ? 0 : timestampMs(time);
}

/** Whether the user, or a factor, is locked. */
export function isLocked({ locked, factors }: Lockout): boolean {
  return locked || factors.some((factor) => factor.locked);
}
