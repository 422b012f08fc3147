import { create, toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  GuessBudgetSchema,
  RulesSchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import {
  lockGrowthOf,
  maxLockDurationOf,
  noRules,
  prefixesOf,
  trustDurationOf,
} from "../../lockout/policy/rules.ts";
import { budgetChanges, budgetTable, reportWidth } from "./budget-table.ts";
import { toTable, toTime, wrap } from "../terminal/output.ts";
import { isOwn, policyJson } from "./policies.ts";
import type { PolicyView } from "./policies.ts";
import type { PolicyPlan } from "./policy-change.ts";
import {
  flagOf,
  rulesFrom,
  rulesWith,
  settingNames,
  settingsOf,
  spanText,
  valueText,
} from "./policy-settings.ts";
import type { PolicySettings } from "./policy-settings.ts";

/** A policy in sentences, with whose each part is and the guesses that it leaves. */
export function policyText(view: PolicyView): string {
  const { orgId, policy, resourceOwner } = view;
  const settings = settingsOf(policy);
  const { updateTime } = policy;
  return [
    `Numbers, ${orgId !== undefined && isOwn(view, "numbers") ? "of the organisation" : "of the default policy, of the instance"} ${resourceOwner}:`,
    ...numberSentences(settings).flatMap(item),
    "",
    `Rules, of the ${orgId !== undefined && isOwn(view, "rules") ? `organisation ${orgId}` : "default policy"}:`,
    ...ruleSentences(settings).flatMap(item),
    "",
    ...(updateTime === undefined
      ? []
      : [`Last change: ${toTime(timestampMs(updateTime))}`, ""]),
    budgetTable(policy.budgets),
  ].join("\n");
}

function item(sentence: string): readonly string[] {
  return wrap(sentence, reportWidth - 2).map(
    (line, index) => `${index === 0 ? "-" : " "} ${line}`,
  );
}

function numberSentences(settings: PolicySettings): readonly string[] {
  const { maxPasswordAttempts, maxOtpAttempts, ceiling } = settings;
  return [
    numberSentence(maxPasswordAttempts, ceiling, "password", ""),
    numberSentence(maxOtpAttempts, ceiling, "code", " of one kind"),
  ];
}

function numberSentence(
  limit: number,
  ceiling: number,
  secret: string,
  of: string,
): string {
  switch (limit) {
    case 0:
      return ceiling === 0
        ? `Wrong ${secret}s never lock a user.`
        : `Wrong ${secret}s lock a user by the rules alone.`;
    case 1:
      return `1 wrong ${secret} locks a user.`;
    default:
      return `${limit} wrong ${secret}s${of} lock a user.`;
  }
}

function ruleSentences(settings: PolicySettings): readonly string[] {
  const { ceiling, lockDurationMs, lockScope, observationWindowMs } = settings;
  const { rememberedSecrets, deviceAttempts } = settings;
  return [
    lockDurationMs === 0
      ? "A lock lasts until somebody unlocks."
      : `A lock by failures lasts ${spanText(lockDurationMs)}${growthText(settings)}.`,
    observationWindowMs === 0
      ? "Time does not make the count of failures start over."
      : `The count of failures starts over ${spanText(observationWindowMs)} after the last one.`,
    ...(ceiling === 0
      ? []
      : [
          `${ceiling} failures in a row lock until somebody unlocks, however long they take.`,
        ]),
    ...(rememberedSecrets === 0
      ? []
      : [
          rememberedSecrets === 1
            ? "The last wrong password of a user counts once."
            : `The last ${rememberedSecrets} wrong passwords of a user count once.`,
        ]),
    ...(deviceAttempts === 0
      ? []
      : [
          `A device that the user has logged in with is known for ${spanText(trustDurationOf(rulesFrom(settings)))} after its last success: it has ${deviceAttempts} chances of its own for each kind of secret, and locks by failures do not close it.`,
        ]),
    ...(lockScope === "user"
      ? []
      : [
          "A lock by failures closes one factor: the others go on, and the user counts as active.",
        ]),
    ...sourceSentences(settings),
    ...stormSentences(settings),
  ];
}

function sourceSentences(settings: PolicySettings): readonly string[] {
  const { sourcesMaxFailures: most, sourcesWindowMs } = settings;
  if (most === 0) {
    return [];
  }
  const { sourcesIpv4Prefix: ipv4, sourcesIpv6Prefix: ipv6 } = settings;
  const prefixes = prefixesOf({
    sources: { ...noRules.sources, ipv4Prefix: ipv4, ipv6Prefix: ipv6 },
  });
  return [
    `A network (/${prefixes.ipv4}, and /${prefixes.ipv6} in IPv6) that ${most === 1 ? "1 failure comes" : `${most} failures come`} from within ${spanText(sourcesWindowMs)} has to wait.`,
  ];
}

function stormSentences(settings: PolicySettings): readonly string[] {
  const { stormsMaxLocks: most, stormsWindowMs } = settings;
  return most === 0
    ? []
    : [
        `More than ${most === 1 ? "1 lock" : `${most} locks`} by failures in the organisation within ${spanText(stormsWindowMs)} is a storm, of which events tell.`,
      ];
}

function growthText(settings: PolicySettings): string {
  const rules = rulesFrom(settings);
  const growth = lockGrowthOf(rules);
  return growth === 1
    ? ""
    : `; each further one in a row ${growth} times as long as the one before, at most ${spanText(maxLockDurationOf(rules))}`;
}

/** What a change would change, and the guesses that it changes before and after. */
export function planText(plan: PolicyPlan): string {
  return (
    toTable(["OPTION", "WAS", "IS"], planRows(plan), reportWidth) +
    budgetChanges(plan.before.policy.budgets, plan.budgets)
  );
}

function planRows({
  before,
  after,
  writes,
}: PolicyPlan): readonly (readonly string[])[] {
  const present = settingsOf(before.policy);
  const adds = (["numbers", "rules"] as const).filter(
    (part) => writes[part] && !isOwn(before, part),
  );
  return [
    ...settingNames
      .filter((name) => present[name] !== after[name])
      .map((name) => [
        flagOf(name),
        valueText(name, present[name]),
        valueText(name, after[name]),
      ]),
    ...adds.map((part) => [
      `whose ${part}`,
      "default policy's",
      "organisation's",
    ]),
  ];
}

/** As {@link planText}, for scripts. */
export function planJson(plan: PolicyPlan) {
  const { before, after, budgets } = plan;
  const rules = create(RulesSchema, rulesWith(before.policy, after));
  return {
    changes: planRows(plan).map(([option, was, is]) => ({ option, was, is })),
    before: policyJson(before),
    after: {
      maxPasswordAttempts: after.maxPasswordAttempts,
      maxOtpAttempts: after.maxOtpAttempts,
      rules: toJson(RulesSchema, rules),
      budgets: budgets.map((budget) => toJson(GuessBudgetSchema, budget)),
    },
  };
}
