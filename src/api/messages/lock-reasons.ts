import { LockReason as LockReasonNumber } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { LockReason } from "../../lockout/user/lock.ts";

/** The numbers of the reasons of a lock. */
export const reasonNumbers = {
  password_attempts: LockReasonNumber.PASSWORD_ATTEMPTS,
  otp_attempts: LockReasonNumber.OTP_ATTEMPTS,
  administrator: LockReasonNumber.ADMINISTRATOR,
  ceiling: LockReasonNumber.CEILING,
} as const satisfies Record<LockReason, LockReasonNumber>;

/** The reasons by their numbers. */
export const lockReasons: ReadonlyMap<LockReasonNumber, LockReason> = new Map(
  Object.entries(reasonNumbers).map(([reason, number]) => [
    number,
    reason as LockReason,
  ]),
);
