import type { NewEvent } from "./event.ts";
import type { Factor } from "./factor.ts";

/** Why a user is locked. */
export type LockReason = "password_attempts" | "otp_attempts" | "administrator";

/** The failure that reached the limit. */
export interface LockingFailure {
  readonly factor: Factor;
  readonly failed: number;
  /** As it was reported, canonical. */
  readonly address: string | undefined;
  /** Undefined where it was reported after the fact. */
  readonly attemptId: string | undefined;
}

/** Why a failure locks: by the limit that its factor compares with. */
export function reasonOf(factor: Factor): LockReason {
  return factor === "password" ? "password_attempts" : "otp_attempts";
}

/** A user was locked by the failure that reached the limit. What is unknown is left out. */
export function lockedByFailure({
  factor,
  failed,
  address,
  attemptId,
}: LockingFailure): NewEvent {
  return {
    type: "user.locked",
    payload: {
      reason: reasonName(reasonOf(factor)),
      factor: factorName(factor),
      failedAttempts: failed,
      ...(address !== undefined && { address }),
      ...(attemptId !== undefined && { attemptId }),
    },
  };
}

/** A user was locked by an administrator. */
export const lockedByAdministrator: NewEvent = {
  type: "user.locked",
  payload: { reason: reasonName("administrator") },
};

/** As `lockout.v1.LockReason` names it. */
function reasonName(reason: LockReason): string {
  return `LOCK_REASON_${reason.toUpperCase()}`;
}

/** As `lockout.v1.Factor` names it. */
function factorName(factor: Factor): string {
  return `FACTOR_${factor.toUpperCase()}`;
}
