import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { LockScope } from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  CandidateSchema,
  Policy,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { settingTexts } from "../texts/policy.ts";

/** The name of a setting. */
export type SettingName = keyof typeof settingTexts;

/** The settings of a policy: numbers, and spans in milliseconds. 0 is none; of the scope, 1 is the factor. */
export type Settings = Readonly<Record<SettingName, number>>;

/** How a setting is written: a number that is always set, one that may be none, a span, or the scope. */
type Kind = "number" | "count" | "factor" | "span" | "scope";

/** The group of each setting in the form, in order, and how it is written. */
export const groups = {
  numbers: { maxPasswordAttempts: "number", maxOtpAttempts: "number" },
  locks: {
    lockDurationMs: "span",
    lockGrowth: "factor",
    maxLockDurationMs: "span",
    lockScope: "scope",
  },
  counting: {
    observationWindowMs: "span",
    ceiling: "count",
    rememberedSecrets: "count",
  },
  devices: { deviceAttempts: "count", deviceTrustMs: "span" },
  sources: {
    sourcesMaxFailures: "count",
    sourcesWindowMs: "span",
    sourcesIpv4Prefix: "count",
    sourcesIpv6Prefix: "count",
  },
  storms: { stormsMaxLocks: "count", stormsWindowMs: "span" },
} as const satisfies Readonly<
  Record<string, Readonly<Partial<Record<SettingName, Kind>>>>
>;

const kinds = Object.assign({}, ...Object.values(groups)) as Readonly<
  Record<SettingName, Kind>
>;

/** All settings, in the order of the form. */
export const settingNames = Object.keys(kinds) as readonly SettingName[];

/** Whether a setting is one of the two numbers, and not one of the rules. */
export function isNumber(name: SettingName): boolean {
  return kinds[name] === "number";
}

/** The settings of a policy. */
export function settingsOf(policy: Policy): Settings {
  const { rules } = policy;
  return {
    maxPasswordAttempts: Number(policy.maxPasswordAttempts),
    maxOtpAttempts: Number(policy.maxOtpAttempts),
    lockDurationMs: spanMs(rules?.lockDuration),
    lockGrowth: rules?.lockGrowth ?? 0,
    maxLockDurationMs: spanMs(rules?.maxLockDuration),
    lockScope: rules?.lockScope === LockScope.FACTOR ? 1 : 0,
    observationWindowMs: spanMs(rules?.observationWindow),
    ceiling: rules?.ceiling ?? 0,
    rememberedSecrets: rules?.rememberedSecrets ?? 0,
    deviceAttempts: rules?.devices?.maxAttempts ?? 0,
    deviceTrustMs: spanMs(rules?.devices?.trustDuration),
    sourcesMaxFailures: rules?.sources?.maxFailures ?? 0,
    sourcesWindowMs: spanMs(rules?.sources?.window),
    sourcesIpv4Prefix: rules?.sources?.ipv4Prefix ?? 0,
    sourcesIpv6Prefix: rules?.sources?.ipv6Prefix ?? 0,
    stormsMaxLocks: rules?.storms?.maxLocks ?? 0,
    stormsWindowMs: spanMs(rules?.storms?.window),
  };
}

/** A policy with these settings. What is none is left out, so that rules without it stay the same. */
export function candidateOf(
  settings: Settings,
): MessageInitShape<typeof CandidateSchema> {
  const has = (...names: readonly SettingName[]) =>
    names.some((name) => settings[name] !== 0);
  return {
    maxPasswordAttempts: BigInt(settings.maxPasswordAttempts),
    maxOtpAttempts: BigInt(settings.maxOtpAttempts),
    rules: {
      ...spanOf("lockDuration", settings.lockDurationMs),
      lockGrowth: settings.lockGrowth,
      ...spanOf("maxLockDuration", settings.maxLockDurationMs),
      lockScope:
        settings.lockScope === 1 ? LockScope.FACTOR : LockScope.UNSPECIFIED,
      ...spanOf("observationWindow", settings.observationWindowMs),
      ceiling: settings.ceiling,
      rememberedSecrets: settings.rememberedSecrets,
      ...(has("deviceAttempts", "deviceTrustMs") && {
        devices: {
          maxAttempts: settings.deviceAttempts,
          ...spanOf("trustDuration", settings.deviceTrustMs),
        },
      }),
      ...(has(
        ...(["sourcesMaxFailures", "sourcesWindowMs"] as const),
        ...(["sourcesIpv4Prefix", "sourcesIpv6Prefix"] as const),
      ) && {
        sources: {
          maxFailures: settings.sourcesMaxFailures,
          ...spanOf("window", settings.sourcesWindowMs),
          ipv4Prefix: settings.sourcesIpv4Prefix,
          ipv6Prefix: settings.sourcesIpv6Prefix,
        },
      }),
      ...(has("stormsMaxLocks", "stormsWindowMs") && {
        storms: {
          maxLocks: settings.stormsMaxLocks,
          ...spanOf("window", settings.stormsWindowMs),
        },
      }),
    },
  };
}

function spanMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : durationMs(duration);
}

function spanOf<Name extends string>(
  name: Name,
  ms: number,
): Partial<Record<Name, Duration>> {
  // The compiler takes a computed name for any.
  return ms === 0
    ? {}
    : ({ [name]: durationFromMs(ms) } as Partial<Record<Name, Duration>>);
}

/** How a setting is written. */
export function kindOf(name: SettingName): Kind {
  return kinds[name];
}
