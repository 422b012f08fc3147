import type { Limits } from "../policy/limits.ts";
import type { LockScope, Rules } from "../policy/rules.ts";

/** What of a policy must change so that it meets what it misses: the values that would meet it. 0 switches a rule off. */
export interface Remedy extends Partial<Limits> {
  readonly lockDurationMs?: number;
  readonly lockGrowth?: 0;
  readonly maxLockDurationMs?: number;
  readonly observationWindowMs?: number;
  readonly ceiling?: number;
  readonly lockScope?: LockScope;
  readonly devices?: 0;
  readonly rememberedSecrets?: 0;
}

const fields = {
  maxPasswordAttempts: "max_password_attempts",
  maxOtpAttempts: "max_otp_attempts",
  lockDurationMs: "rules.lock_duration",
  lockGrowth: "rules.lock_growth",
  maxLockDurationMs: "rules.max_lock_duration",
  observationWindowMs: "rules.observation_window",
  ceiling: "rules.ceiling",
  lockScope: "rules.lock_scope",
  devices: "rules.devices",
  rememberedSecrets: "rules.remembered_secrets",
} as const satisfies Readonly<Record<keyof Remedy, string>>;

/** The values, by the names that fields have in a request, such as `rules.lock_duration: 1800s, rules.devices: off`. */
export function remedyText(remedy: Remedy): string {
  const names = Object.keys(fields) as readonly (keyof Remedy)[];
  return names
    .filter((name) => remedy[name] !== undefined)
    .map((name) => `${fields[name]}: ${valueText(name, remedy[name])}`)
    .join(", ");
}

function valueText(name: string, value: number | string | undefined): string {
  if (value === 0) {
    return "off";
  }
  if (name === "lockScope") {
    return value === "user" ? "LOCK_SCOPE_USER" : "LOCK_SCOPE_FACTOR";
  }
  return name.endsWith("Ms") ? `${Number(value) / 1000}s` : String(value);
}

/** A lock that lasts longer, within the longest that locks may come to. */
export function longerLock(lockDurationMs: number, rules: Rules): Remedy {
  const { maxLockDurationMs } = rules;
  return {
    lockDurationMs,
    ...(maxLockDurationMs > 0 &&
      maxLockDurationMs < lockDurationMs && {
        maxLockDurationMs: lockDurationMs,
      }),
  };
}

/** A lock that lasts until somebody unlocks: what is said of a duration goes with it. */
export function unendingLock(rules: Rules): Remedy {
  return {
    lockDurationMs: 0,
    ...(rules.lockGrowth > 0 && { lockGrowth: 0 }),
    ...(rules.maxLockDurationMs > 0 && { maxLockDurationMs: 0 }),
  };
}
