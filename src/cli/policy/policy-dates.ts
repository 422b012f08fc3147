import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import {
  lockGrowthOf,
  maxLockDurationOf,
  noRules,
} from "../../lockout/policy/rules.ts";
import { toTime } from "../terminal/output.ts";
import { settingsOf } from "./policy-settings.ts";

/** When that which begins now would end by a policy; empty where nothing of it ends by time. */
export function endDatesText(policy: Policy, now: number): string {
  const rules = { ...noRules, ...settingsOf(policy) };
  const { lockDurationMs, observationWindowMs } = rules;
  const ends = (what: string, ms: number) =>
    ms === 0 ? [] : [`- ${what}: ${toTime(now + ms)}\n`];
  const lines = [
    ...ends("a lock by failures ends", lockDurationMs),
    ...(lockGrowthOf(rules) === 1
      ? []
      : ends("the longest lock ends", maxLockDurationOf(rules))),
    ...ends("a count of failures starts over", observationWindowMs),
  ];
  return lines.length === 0
    ? ""
    : `\nOf what begins now, ${toTime(now)}:\n${lines.join("")}`;
}
