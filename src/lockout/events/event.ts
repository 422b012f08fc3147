/**
 * The catalogue of events: every type that is written stands here once, with what it is about and what its payload says.
 * `docs/reference/events.md` is made from it.
 */

import { hookEntries } from "./hook-entries.ts";
import {
  addedLimits,
  changedLimits,
  client,
  ended,
  failed,
  failuresInRow,
  locked,
  onDevice,
  rules,
  unlocked,
} from "./event-fields.ts";

/** What an event is about: its sequence counts within this. */
export type AggregateType = "instance" | "org" | "user";

/** One entry of the catalogue. */
export interface EventEntry {
  readonly aggregate: AggregateType;
  /** When it is written, for the page of events. */
  readonly when: string;
  /** The fields of the payload and what they say. What is unknown, or as it always is, is left out. */
  readonly payload: Readonly<Record<string, string>>;
}

function failedCheck(factor: string): EventEntry {
  return {
    aggregate: "user",
    when: `A ${factor} was wrong, or an attempt with one was not completed in time.`,
    payload: failed,
  };
}

function succeededCheck(factor: string): EventEntry {
  return {
    aggregate: "user",
    when: `A ${factor} was right.`,
    payload: {
      ...client,
      ...onDevice,
      rememberedDevice: "the id of the device that is known from then on",
    },
  };
}

const entries = {
  "instance.added": {
    aggregate: "instance",
    when: "The first start created the instance.",
    payload: {},
  },
  "instance.policy.lockout.added": {
    aggregate: "instance",
    when: "The first start created the default policy.",
    payload: addedLimits,
  },
  "instance.policy.lockout.changed": {
    aggregate: "instance",
    when: "The default policy was changed.",
    payload: changedLimits,
  },
  "instance.policy.lockout.rules.changed": {
    aggregate: "instance",
    when: "The rules of the default policy were changed. The payload has all rules that hold from then on; what is not set is left out.",
    payload: rules,
  },
  "instance.lockout.keys.sealed": {
    aggregate: "instance",
    when: "A server was started with a master key, and seals the keys of the installation by it from then on.",
    payload: {},
  },
  "instance.lockout.keys.reset": {
    aggregate: "instance",
    when: "A server was started with `--reset-keys`: the installation has new keys, and what those before had sealed or signed ended.",
    payload: {},
  },
  "org.added": {
    aggregate: "org",
    when: "The organisation was created.",
    payload: { name: "as it was given" },
  },
  "org.changed": {
    aggregate: "org",
    when: "The organisation got another name.",
    payload: { name: "as it was given" },
  },
  "org.removed": {
    aggregate: "org",
    when: "The organisation was removed, with its users, service accounts, tokens, policy, rules and hooks: these have no events of their own for that. No event of the organisation follows.",
    payload: {},
  },
  "org.policy.lockout.added": {
    aggregate: "org",
    when: "The organisation got a policy of its own.",
    payload: addedLimits,
  },
  "org.policy.lockout.changed": {
    aggregate: "org",
    when: "The organisation's policy was changed.",
    payload: changedLimits,
  },
  "org.policy.lockout.removed": {
    aggregate: "org",
    when: "The organisation's policy was removed: the default holds again.",
    payload: {},
  },
  "org.policy.lockout.rules.changed": {
    aggregate: "org",
    when: "The organisation got rules of its own, or they were changed. The payload has all rules that hold from then on; what is not set is left out.",
    payload: rules,
  },
  "org.policy.lockout.rules.removed": {
    aggregate: "org",
    when: "The organisation's rules were removed: those of the default hold again.",
    payload: {},
  },
  "org.lockout.name.unlocked": {
    aggregate: "org",
    when: "A login name that leads to nobody was unlocked: all its counters start anew.",
    payload: {
      nameHash:
        "hexadecimal, HMAC-SHA-256 of the folded name under the installation's key",
      factor: "`FACTOR_…`, where one was locked by itself",
      ...unlocked,
    },
  },
  "org.lockout.storm.began": {
    aggregate: "org",
    when: "Failures locked more users, or factors, of the organisation within the window of the rules than `max_locks`. Written within some seconds, once until the storm has ended.",
    payload: {
      locks: "how many there were within the window",
      maxLocks: "as the rules had it",
      window: "seconds, such as `60s`",
      at: "RFC 3339: when the lock was with which it began",
    },
  },
  "org.lockout.storm.ended": {
    aggregate: "org",
    when: "The storm is over: the last window held fewer than half of `max_locks`. Or the rules no longer look for storms. Written within some seconds.",
    payload: { beganAt: "RFC 3339", at: "RFC 3339: when it was over" },
  },
  "user.human.added": {
    aggregate: "user",
    when: "The user was registered, or first seen by an attempt or a password change.",
    payload: { state: "`USER_STATE_…`, left out where the user is active" },
  },
  "user.removed": {
    aggregate: "user",
    when: "The user was deleted, with aliases, counters and open attempts. A user who is registered with this id later is another one.",
    payload: {},
  },
  "user.machine.added": {
    aggregate: "user",
    when: "The service account was created.",
    payload: {
      userName: "its login name, the client id",
      name: "left out where it is empty",
      description: "left out where it is empty",
      roles: "",
    },
  },
  "user.machine.changed": {
    aggregate: "user",
    when: "The name, the description or the roles of the service account changed.",
    payload: {
      name: "where it changed",
      description: "where it changed",
      roles: "where they changed",
    },
  },
  "user.username.changed": {
    aggregate: "user",
    when: "The service account got another login name: the one before leads to nobody.",
    payload: { userName: "its login name, the client id" },
  },
  "user.machine.key.added": {
    aggregate: "user",
    when: "The service account got a key.",
    payload: {
      keyId: "",
      algorithm: "`RSA`, `P-256` or `Ed25519`",
      expirationDate: "RFC 3339, left out where it does not expire",
    },
  },
  "user.machine.key.removed": {
    aggregate: "user",
    when: "A key was taken from the service account: what was signed by it, and tokens that were got by it, end.",
    payload: { keyId: "" },
  },
  "user.machine.secret.set": {
    aggregate: "user",
    when: "The service account got a secret; one that it had before is gone.",
    payload: {},
  },
  "user.machine.secret.removed": {
    aggregate: "user",
    when: "The secret was taken from the service account: tokens that were got by it end.",
    payload: {},
  },
  "user.machine.secret.check.failed": {
    aggregate: "user",
    when: "Wrong secrets of the service account came from a network: one event for those of some seconds.",
    payload: {
      address: "an IPv4 address, or a /64 network of IPv6",
      failedAttempts: "how many were wrong",
    },
  },
  "user.machine.secret.check.succeeded": {
    aggregate: "user",
    when: "The right secret of the service account came from a network, after wrong ones. Others are not recorded.",
    payload: { address: "an IPv4 address, or a /64 network of IPv6" },
  },
  "user.token.removed": {
    aggregate: "user",
    when: "An access token of the service account was revoked before its end.",
    payload: { tokenId: "" },
  },
  "user.deactivated": {
    aggregate: "user",
    when: "The user became inactive.",
    payload: {},
  },
  "user.reactivated": {
    aggregate: "user",
    when: "The user, who was inactive, became active.",
    payload: {},
  },
  "user.lockout.state.changed": {
    aggregate: "user",
    when: "The state became active or initial in another way. An unlock makes an initial user active without this event, as ZITADEL does.",
    payload: { state: "`USER_STATE_…`" },
  },
  "user.lockout.aliases.changed": {
    aggregate: "user",
    when: "The login names of the user changed. A long list of names is split over several events.",
    payload: {
      added: "the new names, as they were given",
      removed: "the names that were removed",
    },
  },
  "user.lockout.failures.added": {
    aggregate: "user",
    when: "A login name that led to nobody leads to the user now: what was counted for it counts for the user. Where the name was locked, `user.locked` follows, with the `reason` and, of a lock that ends by itself, `factor` and `lockEndTime`.",
    payload: {
      FACTOR_PASSWORD: "failures",
      FACTOR_TOTP: "failures",
      FACTOR_OTP_SMS: "failures",
      FACTOR_OTP_EMAIL: "failures",
      FACTOR_RECOVERY_CODE: "failures",
      ...failuresInRow,
    },
  },
  "user.locked": {
    aggregate: "user",
    when: "The user was locked: by the failure that reached the limit, or by an administrator.",
    payload: locked,
  },
  "user.factor.locked": {
    aggregate: "user",
    when: "A failure reached the limit where the rules lock factors (`LOCK_SCOPE_FACTOR`): this factor is locked, and the user is not.",
    payload: {
      ...locked,
      reason: "`LOCK_REASON_…`",
      at: "RFC 3339: when it was, where an attempt that nobody completed in time locked the factor",
    },
  },
  "user.lockout.warned": {
    aggregate: "user",
    when: "A failure left one chance to the ceiling, whose lock stays until somebody unlocks: the person can be told before it.",
    payload: {
      factor: "`FACTOR_…`",
      failedInRow: "of this factor",
      at: "RFC 3339: when it was, where the failure was an attempt that nobody completed in time",
    },
  },
  "user.unlocked": {
    aggregate: "user",
    when: "The user was unlocked: all counters start anew. Or the lock ended by itself, of which the payload says `expired`: then the count of its factor starts anew, and failures in a row go on.",
    payload: { ...unlocked, ...ended },
  },
  "user.factor.unlocked": {
    aggregate: "user",
    when: "A factor that was locked by itself was unlocked: all counters of the user start anew. Or its lock ended by itself, of which the payload says `expired`: then the count of this factor starts anew, and failures in a row go on.",
    payload: { factor: "`FACTOR_…`", ...unlocked, ...ended },
  },
  "user.device.forgotten": {
    aggregate: "user",
    when: "A device of the user is known no more: its chances were used up, or it was the one with the oldest success of too many.",
    payload: {
      deviceId: "opens nothing",
      at: "RFC 3339: when it was, where the failure was an attempt that nobody completed in time",
    },
  },
  "user.devices.forgotten": {
    aggregate: "user",
    when: "ForgetDevices: no device of the user is known any more. A password change does the same, without this event.",
    payload: {},
  },
  "user.human.password.check.failed": {
    ...failedCheck("password"),
    payload: {
      ...failed,
      repeated:
        "`true` where the password is one of the last wrong ones that the rules have count once: nothing was counted",
    },
  },
  "user.human.password.check.succeeded": succeededCheck("password"),
  "user.human.password.changed": {
    aggregate: "user",
    when: "The password was changed: its counter starts anew, and all devices are forgotten.",
    payload: {},
  },
  "user.human.mfa.otp.check.failed": failedCheck("TOTP code"),
  "user.human.mfa.otp.check.succeeded": succeededCheck("TOTP code"),
  "user.human.mfa.otp.sms.check.failed": failedCheck("code sent by SMS"),
  "user.human.mfa.otp.sms.check.succeeded": succeededCheck("code sent by SMS"),
  "user.human.mfa.otp.email.check.failed": failedCheck("code sent by e-mail"),
  "user.human.mfa.otp.email.check.succeeded": succeededCheck(
    "code sent by e-mail",
  ),
  "user.human.mfa.recovery_code.check.failed": failedCheck("recovery code"),
  "user.human.mfa.recovery_code.check.succeeded":
    succeededCheck("recovery code"),
  "user.pat.added": {
    aggregate: "user",
    when: "A token was created, by a caller or by `LOCKOUTD_ADMIN_TOKEN` at a start. The aggregate is the token, or the service account that it is of, and its id the editor of what it does.",
    payload: {
      tokenId: "never the secret, nor its hash",
      name: "left out where it is empty",
      roles:
        "a list, left out where it is of a service account, whose roles it has",
      expiration: "RFC 3339, left out where it does not expire",
    },
  },
  "user.lockout.token.rotated": {
    aggregate: "user",
    when: "A token got another secret. The id stays, and so do its roles.",
    payload: {
      tokenId: "",
      oldSecretExpiration:
        "RFC 3339: until then the secret before is valid too",
    },
  },
  "user.pat.removed": {
    aggregate: "user",
    when: "A token was revoked. One that expires does so without an event, and so do those of a service account that is removed.",
    payload: { tokenId: "" },
  },
  ...hookEntries,
} as const satisfies Readonly<Record<string, EventEntry>>;

/** A type of event, by ZITADEL's name where it has one. */
export type EventType = keyof typeof entries;

/** The catalogue, by type. */
export const eventCatalogue: Readonly<Record<EventType, EventEntry>> = entries;

/** Every type of event that is written. The names are ZITADEL's where it has one. */
export const eventTypes = Object.keys(entries) as readonly EventType[];

/** What an event says beyond its type: a flat object of JSON values. */
export type EventPayload = Readonly<
  Record<string, number | string | boolean | readonly string[]>
>;

/** An event as the domain decides it; the store adds the rest when it is written. */
export interface NewEvent {
  readonly type: EventType;
  readonly payload?: EventPayload;
}

/** The fields of payloads that tell of a person: where from, with what, and under which names somebody logged in, and what was said of it. */
const personalFields = [
  ...["address", "userAgent", "device", "added", "removed"],
  "note",
];

/** What is left of a payload of a user who is to be forgotten: the same object where it says nothing of the person. */
export function withoutPerson(
  payload: EventPayload | undefined,
): EventPayload | undefined {
  if (
    payload === undefined ||
    !personalFields.some((field) => Object.hasOwn(payload, field))
  ) {
    return payload;
  }
  const rest = Object.entries(payload).filter(
    ([field]) => !personalFields.includes(field),
  );
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
