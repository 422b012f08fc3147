import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { LockScope as LockScopeNumber } from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  Policy,
  RulesSchema,
  SourceRulesSchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Limits } from "../../lockout/policy/limits.ts";
import { noRules } from "../../lockout/policy/rules.ts";
import type { LockScope, Rules } from "../../lockout/policy/rules.ts";
import {
  parseAttempts,
  parseGrowth,
  parseLockScope,
  parseRuleSpan,
  ruleCount,
} from "../options/values.ts";

/** What of a policy the command line sets: the two numbers, and the rules. */
export type PolicySettings = Limits &
  Pick<
    Rules,
    | "lockDurationMs"
    | "lockGrowth"
    | "maxLockDurationMs"
    | "observationWindowMs"
    | "ceiling"
    | "rememberedSecrets"
    | "lockScope"
  > & {
    readonly sourcesMaxFailures: number;
    readonly sourcesWindowMs: number;
    readonly sourcesIpv4Prefix: number;
    readonly sourcesIpv6Prefix: number;
    /** The chances of a known device; 0: none is known. */
    readonly deviceAttempts: number;
    readonly deviceTrustMs: number;
    /** So many locks within the window are no storm yet; 0: storms are not looked for. */
    readonly stormsMaxLocks: number;
    readonly stormsWindowMs: number;
  };

/** What of a policy shall change. */
export type PolicyChange = Partial<PolicySettings>;

/** The name of a setting. */
export type SettingName = keyof PolicySettings;

interface Setting {
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string) => number | LockScope;
  readonly kind: "number" | "count" | "span" | "word";
  readonly part: "numbers" | "rules";
  /** In the messages of the API, where that is not the option's name. */
  readonly field?: string;
}

const span = { parse: parseRuleSpan, kind: "span", part: "rules" } as const;

const settings: Readonly<Record<SettingName, Setting>> = {
  maxPasswordAttempts: {
    flags: "-p, --max-password-attempts <number>",
    description: "wrong passwords that lock a user; 0 never locks",
    ...{ parse: parseAttempts, kind: "number", part: "numbers" },
  },
  maxOtpAttempts: {
    flags: "-c, --max-otp-attempts <number>",
    description:
      "wrong codes that lock a user, for each kind of code; 0 never locks",
    ...{ parse: parseAttempts, kind: "number", part: "numbers" },
  },
  lockDurationMs: {
    flags: "--lock-duration <span>",
    description:
      "how long a lock by failures lasts, such as 15m; none: until somebody unlocks",
    ...span,
  },
  lockGrowth: {
    flags: "--lock-growth <factor>",
    description:
      "how many times as long each further lock in a row lasts, 1 to 10; none: as long",
    ...{ parse: parseGrowth, kind: "count", part: "rules" },
  },
  maxLockDurationMs: {
    flags: "--max-lock-duration <span>",
    description:
      "the longest that locks grow to; none: 24h, or the lock duration where that is longer",
    ...span,
  },
  observationWindowMs: {
    flags: "--observation-window <span>",
    description:
      "how long after the last failure the count starts over; none: never",
    ...span,
  },
  ceiling: {
    flags: "--ceiling <number>",
    description:
      "failures in a row, however long they take, that lock until somebody unlocks; none: no number does",
    ...{ parse: ruleCount(), kind: "count", part: "rules" },
  },
  rememberedSecrets: {
    flags: "--remembered-secrets <number>",
    description:
      "the last wrong passwords of a user that count once, up to 10; none: each counts each time",
    ...{ parse: ruleCount(10), kind: "count", part: "rules" },
  },
  sourcesMaxFailures: {
    flags: "--sources-max-failures <number>",
    description:
      "failures from one network within --sources-window, of whichever users, after which it has to wait; none: any number",
    ...{ parse: ruleCount(), kind: "count", part: "rules" },
    field: "sources.max_failures",
  },
  sourcesWindowMs: {
    flags: "--sources-window <span>",
    description: "the time in which so many failures may come from a network",
    ...span,
    field: "sources.window",
  },
  sourcesIpv4Prefix: {
    flags: "--sources-ipv4-prefix <bits>",
    description: "bits of an IPv4 address that are its network; none: 32",
    ...{ parse: ruleCount(32), kind: "count", part: "rules" },
    field: "sources.ipv4_prefix",
  },
  sourcesIpv6Prefix: {
    flags: "--sources-ipv6-prefix <bits>",
    description: "bits of an IPv6 address that are its network; none: 64",
    ...{ parse: ruleCount(128), kind: "count", part: "rules" },
    field: "sources.ipv6_prefix",
  },
  lockScope: {
    flags: "--lock-scope <scope>",
    description:
      "what a lock by failures closes: user, or factor, which leaves the other factors open",
    ...{ parse: parseLockScope, kind: "word", part: "rules" },
  },
  deviceAttempts: {
    flags: "--device-attempts <number>",
    description:
      "wrong secrets of one kind after which a device that the user has logged in with counts as unknown; none: no device is known",
    ...{ parse: ruleCount(), kind: "count", part: "rules" },
    field: "devices.max_attempts",
  },
  deviceTrustMs: {
    flags: "--device-trust <span>",
    description: "how long a device is known after its last success; none: 90d",
    ...span,
    field: "devices.trust_duration",
  },
  stormsMaxLocks: {
    flags: "--storms-max-locks <number>",
    description:
      "locks by failures in an organisation within --storms-window, up to 10000, of which one more is a storm; none: storms are not looked for",
    ...{ parse: ruleCount(10_000), kind: "count", part: "rules" },
    field: "storms.max_locks",
  },
  stormsWindowMs: {
    flags: "--storms-window <span>",
    description: "the time in which so many locks are no storm yet",
    ...span,
    field: "storms.window",
  },
};

/** The settings, in the order in which they are shown. */
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** The option of each setting. */
export function settingOptions(): readonly Option[] {
  return settingNames.map((name) => {
    const { flags, description, parse } = settings[name];
    return new Option(flags, description).argParser(parse);
  });
}

/** The settings that a command line names. */
export function readChange(
  options: Readonly<Record<string, unknown>>,
): PolicyChange {
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const value = options[new Option(settings[name].flags).attributeName()];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Whose the setting is: the numbers' or the rules'. */
export function partOf(name: SettingName): Setting["part"] {
  return settings[name].part;
}

/** The option of a setting, such as `--lock-duration`. */
export function flagOf(name: SettingName): string {
  return new Option(settings[name].flags).long ?? "";
}

/** Whose the setting with this option is; undefined where no setting has it. */
export function partOfFlag(flag: string): Setting["part"] | undefined {
  const name = settingNames.find((one) => flagOf(one) === flag);
  return name && partOf(name);
}

/** The field of a setting, such as `lock_duration`, or `sources.window`. */
export function fieldOf(name: SettingName): string {
  return settings[name].field ?? flagOf(name).slice(2).replaceAll("-", "_");
}

/** The rules that settings come to. */
export function rulesFrom(named: PolicySettings): Rules {
  return {
    ...noRules,
    ...named,
    devices: {
      maxAttempts: named.deviceAttempts,
      trustDurationMs: named.deviceTrustMs,
    },
    storms: { maxLocks: named.stormsMaxLocks, windowMs: named.stormsWindowMs },
  };
}

/** The value of a setting as it is written into its option. */
export function valueText(
  name: SettingName,
  value: number | LockScope,
): string {
  const { kind } = settings[name];
  if (typeof value === "string") {
    return value;
  }
  if (kind !== "number" && value === 0) {
    return "none";
  }
  return kind === "span" ? spanText(value) : String(value);
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** A time span as options take it, in its largest unit: `90s`, `15m`, `24h`, `2d`. */
export function spanText(ms: number): string {
  // A day is said in hours, as policies do.
  const [unit, size] = units.find(
    ([name, length]) => ms % length === 0 && (name !== "d" || ms >= 2 * length),
  ) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** The settings of a policy that holds. */
export function settingsOf(policy: Policy): PolicySettings {
  const { rules } = policy;
  return {
    maxPasswordAttempts: Number(policy.maxPasswordAttempts),
    maxOtpAttempts: Number(policy.maxOtpAttempts),
    lockDurationMs: spanMs(rules?.lockDuration),
    lockGrowth: rules?.lockGrowth ?? 0,
    maxLockDurationMs: spanMs(rules?.maxLockDuration),
    observationWindowMs: spanMs(rules?.observationWindow),
    ceiling: rules?.ceiling ?? 0,
    rememberedSecrets: rules?.rememberedSecrets ?? 0,
    sourcesMaxFailures: rules?.sources?.maxFailures ?? 0,
    sourcesWindowMs: spanMs(rules?.sources?.window),
    sourcesIpv4Prefix: rules?.sources?.ipv4Prefix ?? 0,
    sourcesIpv6Prefix: rules?.sources?.ipv6Prefix ?? 0,
    lockScope: rules?.lockScope === LockScopeNumber.FACTOR ? "factor" : "user",
    deviceAttempts: rules?.devices?.maxAttempts ?? 0,
    deviceTrustMs: spanMs(rules?.devices?.trustDuration),
    stormsMaxLocks: rules?.storms?.maxLocks ?? 0,
    stormsWindowMs: spanMs(rules?.storms?.window),
  };
}

/** The rules of a policy with these settings: all others are as they are. */
export function rulesWith(
  { rules }: Policy,
  after: PolicySettings,
): MessageInitShape<typeof RulesSchema> {
  return {
    lockScope: lockScopeOf(rules?.lockScope, after.lockScope),
    devices: devicesOf(after),
    sources: sourcesOf(after),
    storms: stormsOf(after),
    lockDuration: durationOf(after.lockDurationMs),
    lockGrowth: after.lockGrowth,
    maxLockDuration: durationOf(after.maxLockDurationMs),
    observationWindow: durationOf(after.observationWindowMs),
    ceiling: after.ceiling,
    rememberedSecrets: after.rememberedSecrets,
  };
}

/** Left out where nothing of it is set, so that rules without it stay the same. */
function sourcesOf(
  after: PolicySettings,
): MessageInitShape<typeof SourceRulesSchema> | undefined {
  const sources = {
    maxFailures: after.sourcesMaxFailures,
    window: durationOf(after.sourcesWindowMs),
    ipv4Prefix: after.sourcesIpv4Prefix,
    ipv6Prefix: after.sourcesIpv6Prefix,
  };
  const isUnset = Object.values(sources).every((value) => !value);
  return isUnset ? undefined : sources;
}

function devicesOf({ deviceAttempts, deviceTrustMs }: PolicySettings) {
  return deviceAttempts === 0 && deviceTrustMs === 0
    ? undefined
    : {
        maxAttempts: deviceAttempts,
        trustDuration: durationOf(deviceTrustMs),
      };
}

function stormsOf({ stormsMaxLocks, stormsWindowMs }: PolicySettings) {
  return stormsMaxLocks === 0 && stormsWindowMs === 0
    ? undefined
    : { maxLocks: stormsMaxLocks, window: durationOf(stormsWindowMs) };
}

/** A scope that was not set is not set now, unless it is another one. */
function lockScopeOf(
  before: LockScopeNumber | undefined,
  after: LockScope,
): LockScopeNumber {
  if (after === "factor") {
    return LockScopeNumber.FACTOR;
  }
  return before === LockScopeNumber.USER
    ? LockScopeNumber.USER
    : LockScopeNumber.UNSPECIFIED;
}

function spanMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : durationMs(duration);
}

function durationOf(ms: number): Duration | undefined {
  return ms === 0 ? undefined : durationFromMs(ms);
}
