import type { EventType } from "../events/event.ts";
import type { Limits } from "../policy/limits.ts";

/** What is guessed at. Each factor has a counter of its own (I3). */
export const factors = [
  "password",
  "totp",
  "otp_sms",
  "otp_email",
  "recovery_code",
] as const;

/** One of {@link factors}. */
export type Factor = (typeof factors)[number];

/** The limit that counts for a factor: all one-time codes compare with the same number. 0 never locks. */
export function limitOf(factor: Factor, limits: Limits): number {
  return factor === "password"
    ? limits.maxPasswordAttempts
    : limits.maxOtpAttempts;
}

/** The events of a check. ZITADEL's names; it has none for recovery codes, so those are our own. */
export const checkEvents: Readonly<
  Record<Factor, { readonly failed: EventType; readonly succeeded: EventType }>
> = {
  password: {
    failed: "user.human.password.check.failed",
    succeeded: "user.human.password.check.succeeded",
  },
  totp: {
    failed: "user.human.mfa.otp.check.failed",
    succeeded: "user.human.mfa.otp.check.succeeded",
  },
  otp_sms: {
    failed: "user.human.mfa.otp.sms.check.failed",
    succeeded: "user.human.mfa.otp.sms.check.succeeded",
  },
  otp_email: {
    failed: "user.human.mfa.otp.email.check.failed",
    succeeded: "user.human.mfa.otp.email.check.succeeded",
  },
  recovery_code: {
    failed: "user.human.mfa.recovery_code.check.failed",
    succeeded: "user.human.mfa.recovery_code.check.succeeded",
  },
};

/** The types of {@link checkEvents}, and those of the secrets of accounts: what attempts leave, which an installation may keep for a time only. */
export const checkEventTypes: readonly EventType[] = [
  ...factors.flatMap((factor) => Object.values(checkEvents[factor])),
  "user.machine.secret.check.failed",
  "user.machine.secret.check.succeeded",
];
