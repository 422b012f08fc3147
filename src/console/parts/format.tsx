import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { factorTexts, reasonTexts, texts } from "../texts/shared.ts";

const short = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

/** A time in the browser's zone, with the exact one at hand. */
export function Time({ time }: { readonly time: Timestamp | undefined }) {
  if (time === undefined) {
    return null;
  }
  const date = new Date(timestampMs(time));
  const exact = date.toISOString();
  return (
    <time dateTime={exact} title={exact}>
      {short.format(date)}
    </time>
  );
}

/** Until when a lock lasts. */
export function Until({ lockout }: { readonly lockout: Lockout }) {
  return lockout.lockEndTime === undefined ? (
    <>{texts.untilUnlocked}</>
  ) : (
    <Time time={lockout.lockEndTime} />
  );
}

/** What people call a user, or the id where there is no name. */
export function nameOf({ userId, aliases }: Lockout): string {
  return aliases[0] ?? userId;
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

/** Why a user is locked, in a sentence. */
export function whyLocked(lockout: Lockout): string {
  const { name, failures } = worstFactor(lockout);
  const reason = reasonTexts[lockout.reason] ?? "";
  const from =
    lockout.lastAddress === ""
      ? ""
      : `; the last try came from ${lockout.lastAddress}`;
  if (lockout.reason === LockReason.ADMINISTRATOR) {
    return `An administrator locked the user${from}.`;
  }
  return failures === 0
    ? `${reason}${from}.`
    : `${reason}: ${failures} failures (${name})${from}.`;
}
