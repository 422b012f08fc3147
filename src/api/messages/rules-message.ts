import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { LockScope } from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  Rules as RulesMessage,
  RulesSchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { WantedRules } from "../../lockout/policy/rules-commands.ts";
import { noRules } from "../../lockout/policy/rules.ts";
import type { Rules } from "../../lockout/policy/rules.ts";

/** Reads the rules of a request; without any, none are set. */
export function readRules(message: RulesMessage | undefined): WantedRules {
  if (message === undefined) {
    return { rules: noRules, violations: [] };
  }
  const { devices, sources, storms } = message;
  const isKnownScope = Object.hasOwn(LockScope, message.lockScope);
  return {
    rules: {
      lockDurationMs: ruleMs(message.lockDuration),
      lockGrowth: message.lockGrowth,
      maxLockDurationMs: ruleMs(message.maxLockDuration),
      observationWindowMs: ruleMs(message.observationWindow),
      ceiling: message.ceiling,
      lockScope: message.lockScope === LockScope.FACTOR ? "factor" : "user",
      devices: {
        maxAttempts: devices?.maxAttempts ?? 0,
        trustDurationMs: ruleMs(devices?.trustDuration),
      },
      rememberedSecrets: message.rememberedSecrets,
      sources: {
        maxFailures: sources?.maxFailures ?? 0,
        windowMs: ruleMs(sources?.window),
        ipv4Prefix: sources?.ipv4Prefix ?? 0,
        ipv6Prefix: sources?.ipv6Prefix ?? 0,
      },
      storms: {
        maxLocks: storms?.maxLocks ?? 0,
        windowMs: ruleMs(storms?.window),
      },
    },
    violations: isKnownScope
      ? []
      : [
          {
            field: "lock_scope",
            description: "must be LOCK_SCOPE_USER or LOCK_SCOPE_FACTOR",
          },
        ],
  };
}

/** Rules as responses show them: what is not set is left out. */
export function rulesMessage(
  rules: Rules,
): MessageInitShape<typeof RulesSchema> {
  const { devices, sources, storms } = rules;
  return {
    ...duration("lockDuration", rules.lockDurationMs),
    lockGrowth: rules.lockGrowth,
    ...duration("maxLockDuration", rules.maxLockDurationMs),
    ...duration("observationWindow", rules.observationWindowMs),
    ceiling: rules.ceiling,
    ...(rules.lockScope === "factor" && { lockScope: LockScope.FACTOR }),
    ...(devices.maxAttempts !== 0 && {
      devices: {
        maxAttempts: devices.maxAttempts,
        ...duration("trustDuration", devices.trustDurationMs),
      },
    }),
    rememberedSecrets: rules.rememberedSecrets,
    ...(sources.maxFailures !== 0 && {
      sources: {
        maxFailures: sources.maxFailures,
        ...duration("window", sources.windowMs),
        ipv4Prefix: sources.ipv4Prefix,
        ipv6Prefix: sources.ipv6Prefix,
      },
    }),
    ...(storms.maxLocks !== 0 && {
      storms: {
        maxLocks: storms.maxLocks,
        ...duration("window", storms.windowMs),
      },
    }),
  };
}

function duration<Name extends string>(
  name: Name,
  ms: number,
): Partial<Record<Name, Duration>> {
  return ms === 0
    ? {}
    : ({ [name]: durationFromMs(ms) } as Record<Name, Duration>);
}

/** In milliseconds, of which a part stands for all that is not whole; not a number where it is no duration. */
function ruleMs(value: Duration | undefined): number {
  if (value === undefined) {
    return 0;
  }
  const { nanos } = value;
  const seconds = Number(value.seconds);
  // Binary messages can carry what JSON cannot.
  if (Math.abs(nanos) > 999_999_999 || seconds * nanos < 0) {
    return NaN;
  }
  const part = nanos % 1_000_000 === 0 ? 0 : 0.5;
  return seconds * 1000 + Math.trunc(nanos / 1_000_000) + part;
}
