/** A kind of events, by types, with what they are called. */
interface EventGroup {
  readonly title: string;
  readonly types: Readonly<Record<string, string>>;
}

/** Every type of event in words, in English. Those of users and storms first: everybody who may see users may see them. */
export const eventGroups: readonly EventGroup[] = [
  {
    title: "Locks and unlocks",
    types: {
      "user.locked": "Locked",
      "user.unlocked": "Unlocked",
      "user.factor.locked": "Factor locked",
      "user.factor.unlocked": "Factor unlocked",
      "user.lockout.warned": "One chance left before the ceiling",
      "org.lockout.storm.began": "Storm of locks began",
      "org.lockout.storm.ended": "Storm of locks ended",
    },
  },
  {
    title: "Attempts",
    types: {
      "user.human.password.check.failed": "Wrong password",
      "user.human.password.check.succeeded": "Right password",
      "user.human.mfa.otp.check.failed": "Wrong TOTP code",
      "user.human.mfa.otp.check.succeeded": "Right TOTP code",
      "user.human.mfa.otp.sms.check.failed": "Wrong code by SMS",
      "user.human.mfa.otp.sms.check.succeeded": "Right code by SMS",
      "user.human.mfa.otp.email.check.failed": "Wrong code by e-mail",
      "user.human.mfa.otp.email.check.succeeded": "Right code by e-mail",
      "user.human.mfa.recovery_code.check.failed": "Wrong recovery code",
      "user.human.mfa.recovery_code.check.succeeded": "Right recovery code",
      "user.lockout.failures.added": "Failures taken over",
    },
  },
  {
    title: "Users",
    types: {
      "user.human.added": "Registered",
      "user.removed": "Removed",
      "user.deactivated": "Deactivated",
      "user.reactivated": "Reactivated",
      "user.lockout.state.changed": "State changed",
      "user.lockout.aliases.changed": "Login names changed",
      "user.human.password.changed": "Password changed",
      "user.device.forgotten": "Device forgotten",
      "user.devices.forgotten": "All devices forgotten",
    },
  },
  {
    title: "Tokens and service accounts",
    types: {
      "user.pat.added": "Token created",
      "user.lockout.token.rotated": "Token rotated",
      "user.pat.removed": "Token revoked",
      "user.token.removed": "Access token revoked",
      "user.machine.added": "Service account created",
      "user.machine.changed": "Service account changed",
      "user.username.changed": "Login name changed",
      "user.machine.key.added": "Key added",
      "user.machine.key.removed": "Key removed",
      "user.machine.secret.set": "Client secret set",
      "user.machine.secret.removed": "Client secret removed",
      "user.machine.secret.check.failed": "Wrong client secret",
      "user.machine.secret.check.succeeded": "Right client secret",
    },
  },
  {
    title: "Policies",
    types: {
      "instance.policy.lockout.added": "Default policy set",
      "instance.policy.lockout.changed": "Default policy changed",
      "instance.policy.lockout.rules.changed": "Default rules changed",
      "org.policy.lockout.added": "Policy set",
      "org.policy.lockout.changed": "Policy changed",
      "org.policy.lockout.removed": "Policy reset",
      "org.policy.lockout.rules.changed": "Rules changed",
      "org.policy.lockout.rules.removed": "Rules reset",
    },
  },
  {
    title: "Organisations",
    types: {
      "instance.added": "Installation created",
      "org.added": "Organisation created",
      "org.changed": "Organisation renamed",
      "org.removed": "Organisation removed",
      "org.lockout.name.unlocked": "Login name unlocked",
      "instance.lockout.keys.sealed": "Keys sealed",
      "instance.lockout.keys.reset": "Keys made anew",
    },
  },
  {
    title: "Hooks",
    types: Object.fromEntries(
      ["instance", "org"].flatMap((owner) => [
        [`${owner}.hook.added`, "Hook created"],
        [`${owner}.hook.changed`, "Hook changed"],
        [`${owner}.hook.secret.rotated`, "Secret of a hook rotated"],
        [`${owner}.hook.disabled`, "Hook disabled"],
        [`${owner}.hook.enabled`, "Hook enabled"],
        [`${owner}.hook.removed`, "Hook deleted"],
      ]),
    ),
  },
];

/** Types of events in words; others are shown as they are. */
export const eventTexts: Readonly<Record<string, string>> = Object.fromEntries(
  eventGroups.flatMap(({ types }) => Object.entries(types)),
);
