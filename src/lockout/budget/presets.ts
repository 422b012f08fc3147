import { findMissing } from "./demands.ts";
import type { Limits } from "../policy/limits.ts";
import { presetTable } from "./preset-table.ts";
import type { Demand, PresetName } from "./preset-table.ts";
import { remedyText } from "./remedy.ts";
import type { Remedy } from "./remedy.ts";
import { noRules } from "../policy/rules.ts";
import type { Rules } from "../policy/rules.ts";

/** Whether a policy meets what is asked, or whether no lockout policy decides that. */
export type Verdict = "met" | "missed" | "not_decided";

/** One thing that a preset asks. */
export interface Requirement {
  readonly text: string;
  readonly verdict: Verdict;
  /** The values that would meet it, as {@link remedyText} says them; empty where it is not missed. */
  readonly wouldMeet: string;
}

/** A policy held against a preset. */
export interface PresetCheck {
  readonly preset: PresetName;
  readonly source: string;
  readonly edition: string;
  /** `missed` where a requirement is. */
  readonly verdict: Verdict;
  readonly requirements: readonly Requirement[];
}

/** Says what a preset asks, and what of that a policy meets. */
export function checkPreset(
  preset: PresetName,
  limits: Limits,
  rules: Rules,
): PresetCheck {
  const { source, edition, demands } = presetTable[preset];
  const requirements = demands.flatMap((demand) =>
    requirementsOf(demand, limits, rules),
  );
  const isMissed = requirements.some(({ verdict }) => verdict === "missed");
  const verdict = isMissed ? "missed" : "met";
  return { preset, source, edition, verdict, requirements };
}

/** All that must change in a policy so that it meets a preset; empty where it does. */
export function remedyFor(
  preset: PresetName,
  limits: Limits,
  rules: Rules,
): Remedy {
  const findAfter = (remedy: Remedy) =>
    presetTable[preset].demands.flatMap((demand) =>
      demand.kind === "notDecided"
        ? []
        : findMissing(
            demand,
            { ...limits, ...remedy },
            rulesAfter(rules, remedy),
          ),
    );
  // One after another: what one changes may be of use to the next.
  return findAfter({}).reduce<Remedy>(
    (remedy, _finding, index) => ({
      ...remedy,
      ...findAfter(remedy)[index]?.remedy,
    }),
    {},
  );
}

function rulesAfter(rules: Rules, { devices, ...changed }: Remedy): Rules {
  return {
    ...rules,
    ...changed,
    ...(devices === 0 && { devices: noRules.devices }),
  };
}

function requirementsOf(
  demand: Demand,
  limits: Limits,
  rules: Rules,
): readonly Requirement[] {
  if (demand.kind === "notDecided") {
    return [{ text: demand.text, verdict: "not_decided", wouldMeet: "" }];
  }
  return findMissing(demand, limits, rules).map(({ text, remedy }) => ({
    text,
    verdict: remedy === undefined ? "met" : "missed",
    wouldMeet: remedy === undefined ? "" : remedyText(remedy),
  }));
}
