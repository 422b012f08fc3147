/** Every type of event that is written. The names are ZITADEL's, but for those of recovery codes. */
export const eventTypes = [
  "instance.policy.lockout.added",
  "instance.policy.lockout.changed",
  "org.policy.lockout.added",
  "org.policy.lockout.changed",
  "org.policy.lockout.removed",
  "user.locked",
  "user.unlocked",
  "user.human.password.check.failed",
  "user.human.password.check.succeeded",
  "user.human.password.changed",
  "user.human.mfa.otp.check.failed",
  "user.human.mfa.otp.check.succeeded",
  "user.human.mfa.otp.sms.check.failed",
  "user.human.mfa.otp.sms.check.succeeded",
  "user.human.mfa.otp.email.check.failed",
  "user.human.mfa.otp.email.check.succeeded",
  "user.human.mfa.recovery_code.check.failed",
  "user.human.mfa.recovery_code.check.succeeded",
] as const;

export type EventType = (typeof eventTypes)[number];

/** What an event is about: its sequence counts within this. */
export type AggregateType = "instance" | "org" | "user";

/** What an event says beyond its type: a flat object of JSON values. */
export type EventPayload = Readonly<Record<string, number | string | boolean>>;

/** An event as the domain decides it; the store adds the rest when it is written. */
export interface NewEvent {
  readonly type: EventType;
  readonly payload?: EventPayload;
}
