import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import { policyTexts, settingTexts } from "../texts/policy.ts";
import { valueText } from "./setting-values.ts";
import { settingNames, settingsOf } from "./settings.ts";

/** What differs between two policies: a setting, or whose a part is. */
interface Difference {
  readonly label: string;
  readonly was: string;
  readonly is: string;
}

/** What a change changed. */
export function differencesOf({
  before,
  after,
}: {
  readonly before?: Policy | undefined;
  readonly after?: Policy | undefined;
}): readonly Difference[] {
  if (after === undefined) {
    return [];
  }
  const was = before === undefined ? undefined : settingsOf(before);
  const is = settingsOf(after);
  return [
    ...settingNames
      .filter((name) => is[name] !== (was?.[name] ?? 0))
      .map((name) => ({
        label: settingTexts[name].label,
        was: valueText(name, was?.[name] ?? 0),
        is: valueText(name, is[name]),
      })),
    ...sourceDifferences(before, after),
  ];
}

function sourceDifferences(
  before: Policy | undefined,
  after: Policy,
): readonly Difference[] {
  const parts = [
    [policyTexts.numbersFrom, before?.numbersFrom, after.numbersFrom],
    [policyTexts.rulesFrom, before?.rulesFrom, after.rulesFrom],
  ] as const;
  return parts
    .filter(([, was, is]) => was !== undefined && was !== is)
    .map(([label, was, is]) => ({
      label,
      was: sourceText(was),
      is: sourceText(is),
    }));
}

function sourceText(source: PolicySource | undefined): string {
  return source === PolicySource.ORGANIZATION
    ? policyTexts.own
    : policyTexts.inherited;
}
