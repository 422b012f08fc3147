import type { Limits } from "../policy/limits.ts";
import type { Demand } from "./preset-table.ts";
import { longerLock, unendingLock } from "./remedy.ts";
import type { Remedy } from "./remedy.ts";
import type { Rules } from "../policy/rules.ts";
import { hasAtMost, remedyInRow, remedyWithin } from "./summed-failures.ts";

/** What is asked, and what would have to change; undefined where nothing has to. */
export interface Finding {
  readonly text: string;
  readonly remedy: Remedy | undefined;
}

/** A kind of demand that a policy decides. */
type Decided = Exclude<Demand, { readonly kind: "notDecided" }>;

const numbers = [
  ["Passwords", "maxPasswordAttempts"],
  ["One-time codes", "maxOtpAttempts"],
] as const;

/** Holds a policy against a demand: one finding, or one for each of its numbers. */
export function findMissing(
  demand: Decided,
  limits: Limits,
  rules: Rules,
): readonly Finding[] {
  switch (demand.kind) {
    case "limit":
    case "limitOrRate":
      return numbers.map(([name, number]) => ({
        text: `${name}: ${limitText(demand)}`,
        remedy: isLimited(demand, limits[number], rules)
          ? undefined
          : { [number]: underCeiling(demand.most, rules) },
      }));
    case "failuresInRow":
      return numbers.map(([name, number]) => ({
        text: `${name}: at most ${demand.most} failures in a row, on known devices too, then a lock until somebody unlocks`,
        remedy: remedyInRow(demand.most, number, limits, rules),
      }));
    case "failuresWithin":
      return numbers.map(([name, number]) => ({
        text: `${name}: at most ${demand.most} failures within ${durationText(demand.withinMs)}, on known devices too`,
        remedy: remedyWithin(demand, number, limits, rules),
      }));
    case "warning":
      return [
        {
          text: "A warning comes before each lock that lasts until somebody unlocks",
          remedy: remedyOfWarning(demand.proposedLockMs, limits, rules),
        },
      ];
    default:
      return [findInRules(demand, rules)];
  }
}

type OfRules = Extract<
  Decided,
  {
    readonly kind:
      "window" | "lock" | "lockStays" | "allDevices" | "allFactors" | "repeats";
  }
>;

function findInRules(demand: OfRules, rules: Rules): Finding {
  const { lockDurationMs, observationWindowMs } = rules;
  const unless = (isMet: boolean, remedy: Remedy) =>
    isMet ? undefined : remedy;
  switch (demand.kind) {
    case "window":
      return {
        text: `A failure counts for at least ${durationText(demand.leastMs)}`,
        remedy: unless(
          observationWindowMs === 0 || observationWindowMs >= demand.leastMs,
          { observationWindowMs: demand.leastMs },
        ),
      };
    case "lock":
      return {
        text: `A lock lasts at least ${durationText(demand.leastMs)}, or until somebody unlocks`,
        remedy: unless(
          lockDurationMs === 0 || lockDurationMs >= demand.leastMs,
          longerLock(demand.leastMs, rules),
        ),
      };
    case "lockStays":
      return {
        text: "A lock lasts until somebody unlocks",
        remedy: unless(lockDurationMs === 0, unendingLock(rules)),
      };
    case "allDevices":
      return {
        text: "A lock closes known devices too",
        remedy: unless(rules.devices.maxAttempts === 0, { devices: 0 }),
      };
    case "allFactors":
      return {
        text: "A lock closes the whole account",
        remedy: unless(rules.lockScope === "user", { lockScope: "user" }),
      };
    case "repeats":
      return {
        text: "Each failure counts, also of a secret that was tried before",
        remedy: unless(rules.rememberedSecrets === 0, {
          rememberedSecrets: 0,
        }),
      };
  }
}

type OfLimit = Extract<Demand, { readonly kind: "limit" | "limitOrRate" }>;

function isLimited(demand: OfLimit, limit: number, rules: Rules): boolean {
  const isByLimit = limit > 0 && limit <= demand.most;
  return demand.kind === "limit"
    ? isByLimit
    : isByLimit || hasAtMost(demand.most, limit, rules, demand.withinMs);
}

function limitText(demand: OfLimit): string {
  const text = `1 to ${demand.most} failures lock`;
  return demand.kind === "limit"
    ? text
    : `${text}, or nobody has more than ${demand.most} guesses in ${durationText(demand.withinMs)}`;
}

/** A ceiling must not be below a limit. */
function underCeiling(limit: number, { ceiling }: Rules): number {
  return ceiling > 0 ? Math.min(limit, ceiling) : limit;
}

/**
 * The warning comes one failure before the last chance of a ceiling. So there is none before a ceiling of 1, nor before a limit that locks
 * until somebody unlocks, unless the ceiling is reached by then.
 */
function remedyOfWarning(
  proposedLockMs: number,
  limits: Limits,
  rules: Rules,
): Remedy | undefined {
  const values = [limits.maxPasswordAttempts, limits.maxOtpAttempts];
  const ceiling = rules.ceiling === 1 ? Math.max(2, ...values) : rules.ceiling;
  const needsEnd =
    rules.lockDurationMs === 0 &&
    values.some((limit) => limit > 0 && (ceiling === 0 || ceiling > limit));
  return ceiling === rules.ceiling && !needsEnd
    ? undefined
    : {
        ...(needsEnd && { lockDurationMs: proposedLockMs }),
        ...(ceiling !== rules.ceiling && { ceiling }),
      };
}

/** As a person says it, such as `15 min`. */
function durationText(ms: number): string {
  const minutes = ms / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
