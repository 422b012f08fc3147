/** Rules as events have them: flat names, so that the log alone can rebuild every policy that ever held. */
import type { EventPayload } from "../events/event.ts";
import { noRules } from "./rules.ts";
import type { Rules } from "./rules.ts";

const factorScope = "LOCK_SCOPE_FACTOR";

/** All that is set of the rules, such as `lockDuration: "900s"` and `devices.maxAttempts: 5`. */
export function rulesPayload(rules: Rules): EventPayload {
  const { devices, sources, storms } = rules;
  const values = {
    lockDuration: durationText(rules.lockDurationMs),
    lockGrowth: rules.lockGrowth,
    maxLockDuration: durationText(rules.maxLockDurationMs),
    observationWindow: durationText(rules.observationWindowMs),
    ceiling: rules.ceiling,
    lockScope: rules.lockScope === "factor" ? factorScope : 0,
    "devices.maxAttempts": devices.maxAttempts,
    "devices.trustDuration": durationText(devices.trustDurationMs),
    rememberedSecrets: rules.rememberedSecrets,
    "sources.maxFailures": sources.maxFailures,
    "sources.window": durationText(sources.windowMs),
    "sources.ipv4Prefix": sources.ipv4Prefix,
    "sources.ipv6Prefix": sources.ipv6Prefix,
    "storms.maxLocks": storms.maxLocks,
    "storms.window": durationText(storms.windowMs),
  };
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== 0),
  );
}

/** The rules that {@link rulesPayload} made a payload of. What is not there was not set. */
export function rulesOf(payload: EventPayload): Rules {
  const number = (name: string) => {
    const value = payload[name];
    return typeof value === "number" ? value : 0;
  };
  const durationMs = (name: string) => {
    const value = payload[name];
    return typeof value === "string" ? durationOf(value) : 0;
  };
  return {
    lockDurationMs: durationMs("lockDuration"),
    lockGrowth: number("lockGrowth"),
    maxLockDurationMs: durationMs("maxLockDuration"),
    observationWindowMs: durationMs("observationWindow"),
    ceiling: number("ceiling"),
    lockScope:
      payload["lockScope"] === factorScope ? "factor" : noRules.lockScope,
    devices: {
      maxAttempts: number("devices.maxAttempts"),
      trustDurationMs: durationMs("devices.trustDuration"),
    },
    rememberedSecrets: number("rememberedSecrets"),
    sources: {
      maxFailures: number("sources.maxFailures"),
      windowMs: durationMs("sources.window"),
      ipv4Prefix: number("sources.ipv4Prefix"),
      ipv6Prefix: number("sources.ipv6Prefix"),
    },
    storms: {
      maxLocks: number("storms.maxLocks"),
      windowMs: durationMs("storms.window"),
    },
  };
}

/** A duration in milliseconds, as JSON of protobuf writes it; 0 where there is none. */
export function durationText(ms: number): string | 0 {
  if (ms === 0) {
    return 0;
  }
  const rest = ms % 1000;
  const fraction = rest === 0 ? "" : `.${String(rest).padStart(3, "0")}`;
  return `${Math.floor(ms / 1000)}${fraction}s`;
}

function durationOf(text: string): number {
  const [, seconds = "0", ms = "0"] = /^(\d+)(?:\.(\d{3}))?s$/.exec(text) ?? [];
  return Number(seconds) * 1000 + Number(ms);
}
