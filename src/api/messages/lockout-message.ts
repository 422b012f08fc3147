import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Decision } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { LockoutSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { decisionOf } from "../../lockout/attempt/attempt.ts";
import type { BeginResult } from "../../lockout/attempt/attempt.ts";
import { failedAt } from "../../lockout/user/counter.ts";
import { factors, limitOf } from "../../lockout/user/factor.ts";
import { latestLock } from "../../lockout/user/lock.ts";
import type { Lock } from "../../lockout/user/lock.ts";
import type { StoredLockout } from "../../store/users.ts";
import { factorNumbers } from "./factor-numbers.ts";
import { reasonNumbers } from "./lock-reasons.ts";

/** The numbers of the decisions. */
export const decisions = {
  proceed: Decision.PROCEED,
  locked: Decision.LOCKED,
  busy: Decision.BUSY,
  inactive: Decision.INACTIVE,
  throttled: Decision.THROTTLED,
} as const satisfies Record<BeginResult["decision"], Decision>;

/** When a lock ends by itself, as responses say it. */
export function lockEnd({
  lockEndTime,
}: {
  readonly lockEndTime?: number | undefined;
}): { readonly lockEndTime?: Timestamp } {
  return lockEndTime === undefined
    ? {}
    : { lockEndTime: timestampFromMs(lockEndTime) };
}

/** The lock and the counters of a user or a login name. */
export function lockoutMessage({
  orgId,
  userId,
  view,
  description,
}: StoredLockout): MessageInitShape<typeof LockoutSchema> {
  const { user, counters, limits, rules, now } = view;
  const { lock } = user;
  return {
    userId,
    resourceOwner: orgId,
    locked: lock !== undefined,
    ...lockFields(lock),
    locksInRow: locksInRow(view),
    devices: user.devices?.kept.length ?? 0,
    aliases: [...(description?.aliases ?? [])],
    lastAddress: description?.lastAddress ?? "",
    factors: factors.map((factor) => {
      const counter = counters[factor];
      const { open, lastFailure, failedInRow } = counter;
      return {
        factor: factorNumbers[factor],
        failedAttempts: failedAt(counter, rules, now),
        limit: limitOf(factor, limits),
        openAttempts: open,
        ...(lastFailure !== undefined && {
          lastFailureTime: timestampFromMs(lastFailure),
        }),
        failedInRow,
        locked: user.factorLocks?.[factor] !== undefined,
        ...lockFields(user.factorLocks?.[factor]),
        nextDecision: decisions[decisionOf(view, factor)],
      };
    }),
  };
}

/** Why, since when, by whom and until when, where there is a lock. */
function lockFields(lock: Lock | undefined) {
  return (
    lock && {
      reason: reasonNumbers[lock.reason],
      lockTime: timestampFromMs(lock.time),
      lockedBy: lock.by,
      ...lockEnd({ lockEndTime: lock.endTime }),
    }
  );
}

/** Of the factor that locked last. Of a lock that has ended it is not known which that was: the one that locked most often is the strictest. */
function locksInRow({ user, counters }: StoredLockout["view"]): number {
  const factor = latestLock(user)?.factor;
  return factor === undefined
    ? Math.max(...factors.map((each) => counters[each].locksInRow))
    : counters[factor].locksInRow;
}
