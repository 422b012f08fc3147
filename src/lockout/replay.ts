import { checkEvents, factors } from "./factor.ts";
import type { Factor } from "./factor.ts";
import type { EventPayload } from "./event.ts";
import type { Limits } from "./policy.ts";

/** What the events of a user come to. */
export interface ReplayedUser {
  readonly isLocked: boolean;
  readonly failed: Readonly<Record<Factor, number>>;
}

/** A user before the first event. */
export const unseenUser: ReplayedUser = {
  isLocked: false,
  failed: {
    password: 0,
    totp: 0,
    otp_sms: 0,
    otp_email: 0,
    recovery_code: 0,
  },
};

/** What holds after one more event of a user. */
export function replayUserEvent(
  user: ReplayedUser,
  type: string,
): ReplayedUser {
  switch (type) {
    case "user.locked":
      return { ...user, isLocked: true };
    case "user.unlocked":
      return unseenUser;
    case "user.human.password.changed":
      return withFailed(user, "password", 0);
  }
  for (const factor of factors) {
    const { failed, succeeded } = checkEvents[factor];
    if (type === failed) {
      return withFailed(user, factor, user.failed[factor] + 1);
    }
    if (type === succeeded) return withFailed(user, factor, 0);
  }
  return user;
}

/** The policy that holds after one more event of its owner; undefined where there is none. */
export function replayPolicyEvent(
  limits: Limits | undefined,
  type: string,
  payload: EventPayload = {},
): Limits | undefined {
  const number = (name: string, otherwise: number) => {
    const value = payload[name];
    return typeof value === "number" ? value : otherwise;
  };
  if (type.endsWith(".policy.lockout.removed")) return undefined;
  if (!/\.policy\.lockout\.(added|changed)$/.test(type)) return limits;
  return {
    maxPasswordAttempts: number(
      "maxPasswordAttempts",
      limits?.maxPasswordAttempts ?? 0,
    ),
    maxOtpAttempts: number("maxOTPAttempts", limits?.maxOtpAttempts ?? 0),
  };
}

function withFailed(
  user: ReplayedUser,
  factor: Factor,
  failed: number,
): ReplayedUser {
  return { ...user, failed: { ...user.failed, [factor]: failed } };
}
