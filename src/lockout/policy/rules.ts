/**
 * What a policy says beyond its two numbers. An owner has rules or has none, as a whole: an organisation without rules of its own has the
 * default's.
 */
import type { FieldViolation } from "../errors/errors.ts";
import type { Limits } from "./limits.ts";
import type { Prefixes } from "./network.ts";

/** What a lock by failures closes. */
export type LockScope = "user" | "factor";

/**
 * The rules of a policy, as they were set: a number of 0 stands for what was not set, and switches off the rule whose main number it is. What
 * then holds is said by {@link lockGrowthOf} and the like. Durations are whole milliseconds.
 */
export interface Rules {
  /** How long a lock lasts that failures caused; 0: until somebody unlocks. */
  readonly lockDurationMs: number;
  /** How many times as long as the one before each further lock in a row lasts. */
  readonly lockGrowth: number;
  readonly maxLockDurationMs: number;
  /** The count of failures starts over when the last one is so long ago; 0: never. */
  readonly observationWindowMs: number;
  /** So many failures in a row, which time never forgets, lock until somebody unlocks; 0: none do. */
  readonly ceiling: number;
  readonly lockScope: LockScope;
  readonly devices: DeviceRules;
  /** How many of the last wrong passwords of a user count once; 0: none. */
  readonly rememberedSecrets: number;
  readonly sources: SourceRules;
  readonly storms: StormRules;
}

/** Known devices, which have chances of their own. */
export interface DeviceRules {
  /** The chances of a device per factor; 0: no device is known. */
  readonly maxAttempts: number;
  /** How long a device is known after its last success. */
  readonly trustDurationMs: number;
}

/** How many failures may come from one network. */
export interface SourceRules {
  /** Within the window; 0: any number. */
  readonly maxFailures: number;
  readonly windowMs: number;
  /** How many bits of an address are its network. */
  readonly ipv4Prefix: number;
  readonly ipv6Prefix: number;
}

/** When many locks in an organisation are a storm. */
export interface StormRules {
  /** So many within the window are none yet; 0: storms are not looked for. */
  readonly maxLocks: number;
  readonly windowMs: number;
}

/** The rules of who has none: everything is as with the two numbers alone. */
export const noRules: Rules = {
  lockDurationMs: 0,
  lockGrowth: 0,
  maxLockDurationMs: 0,
  observationWindowMs: 0,
  ceiling: 0,
  lockScope: "user",
  devices: { maxAttempts: 0, trustDurationMs: 0 },
  rememberedSecrets: 0,
  sources: { maxFailures: 0, windowMs: 0, ipv4Prefix: 0, ipv6Prefix: 0 },
  storms: { maxLocks: 0, windowMs: 0 },
};

const dayMs = 24 * 60 * 60 * 1000;

/** The longest duration of a rule, in milliseconds. */
export const maxRuleMs = 365 * dayMs;

/** The growth of locks that holds. */
export function lockGrowthOf({ lockGrowth }: Rules): number {
  return lockGrowth === 0 ? 1 : lockGrowth;
}

/** The longest time, in milliseconds, that a lock may come to. */
export function maxLockDurationOf(rules: Rules): number {
  return rules.maxLockDurationMs === 0
    ? Math.max(dayMs, rules.lockDurationMs)
    : rules.maxLockDurationMs;
}

/** How long a device is known after its last success, in milliseconds. */
export function trustDurationOf({ devices }: Rules): number {
  return devices.trustDurationMs === 0 ? 90 * dayMs : devices.trustDurationMs;
}

/** How many bits of an address are its network. */
export function prefixesOf({ sources }: Pick<Rules, "sources">): Prefixes {
  return {
    ipv4: sources.ipv4Prefix === 0 ? 32 : sources.ipv4Prefix,
    ipv6: sources.ipv6Prefix === 0 ? 64 : sources.ipv6Prefix,
  };
}

/** A part of the rules: what it is, whether it is set, and what it may be. */
interface Check {
  readonly field: string;
  readonly isWrong: boolean;
  readonly description: string;
}

/**
 * All that is wrong with rules, one violation for each field, in the order of the fields; none where the rules may hold. Fields are named
 * within the rules, such as `devices.trust_duration`.
 *
 * @param rules their durations may be anything, also parts of a millisecond
 * @param limits the numbers that hold beside the rules
 */
export function validateRules(
  rules: Rules,
  limits: Limits,
): readonly FieldViolation[] {
  const { devices, sources, storms } = rules;
  const limit = Math.max(limits.maxPasswordAttempts, limits.maxOtpAttempts);
  const checks = [
    duration("lock_duration", rules.lockDurationMs),
    range("lock_growth", rules.lockGrowth, 1, 10),
    part(
      "lock_growth",
      rules.lockGrowth,
      "lock_duration",
      rules.lockDurationMs,
    ),
    duration("max_lock_duration", rules.maxLockDurationMs),
    part(
      ...(["max_lock_duration", rules.maxLockDurationMs] as const),
      ...(["lock_duration", rules.lockDurationMs] as const),
    ),
    {
      field: "max_lock_duration",
      isWrong:
        rules.maxLockDurationMs > 0 &&
        rules.maxLockDurationMs < rules.lockDurationMs,
      description: "must not be below lock_duration",
    },
    duration("observation_window", rules.observationWindowMs),
    {
      field: "ceiling",
      isWrong: rules.ceiling > 0 && rules.ceiling < limit,
      description: `must not be below the limit, which is ${limit}`,
    },
    duration("devices.trust_duration", devices.trustDurationMs),
    part(
      ...(["devices.trust_duration", devices.trustDurationMs] as const),
      ...(["devices.max_attempts", devices.maxAttempts] as const),
    ),
    range("remembered_secrets", rules.rememberedSecrets, 1, 10),
    ...windowed(
      ...(["sources.max_failures", sources.maxFailures] as const),
      ...(["sources.window", sources.windowMs] as const),
    ),
    range("sources.ipv4_prefix", sources.ipv4Prefix, 8, 32),
    part(
      ...(["sources.ipv4_prefix", sources.ipv4Prefix] as const),
      ...(["sources.max_failures", sources.maxFailures] as const),
    ),
    range("sources.ipv6_prefix", sources.ipv6Prefix, 16, 128),
    part(
      ...(["sources.ipv6_prefix", sources.ipv6Prefix] as const),
      ...(["sources.max_failures", sources.maxFailures] as const),
    ),
    range("storms.max_locks", storms.maxLocks, 1, 10_000),
    ...windowed(
      ...(["storms.max_locks", storms.maxLocks] as const),
      ...(["storms.window", storms.windowMs] as const),
    ),
  ];
  const wrong = checks.filter(({ isWrong }) => isWrong);
  return [...Map.groupBy(wrong, ({ field }) => field)].map(
    ([field, violated]) => ({
      field,
      description: violated.map(({ description }) => description).join("; "),
    }),
  );
}

function duration(field: string, ms: number): Check {
  return {
    field,
    isWrong: !Number.isInteger(ms) || ms < 0 || ms > maxRuleMs,
    description: "must be whole milliseconds from 0 to 365 days",
  };
}

function range(field: string, value: number, min: number, max: number): Check {
  return {
    field,
    isWrong: value !== 0 && !(value >= min && value <= max),
    description: `must be ${min} to ${max}, or unset`,
  };
}

/** A part of a rule says nothing without the main number of the rule. */
function part(
  field: string,
  value: number,
  mainField: string,
  main: number,
): Check {
  return {
    field,
    isWrong: value !== 0 && main === 0,
    description: `must not be set without ${mainField}`,
  };
}

/** The window of a rule that cannot do without one. */
function windowed(
  mainField: string,
  main: number,
  field: string,
  windowMs: number,
): readonly Check[] {
  return [
    duration(field, windowMs),
    part(field, windowMs, mainField, main),
    {
      field,
      isWrong: windowMs === 0 && main !== 0,
      description: `must be set with ${mainField}`,
    },
  ];
}
