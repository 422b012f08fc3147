import { equals } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.js";
import {
  RulesSchema,
  Verdict,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  CheckPolicyResponse,
  GuessBudget,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { PresetName } from "../../lockout/budget/preset-table.ts";
import { remedyFor } from "../../lockout/budget/presets.ts";
import type { Clients } from "../transport/clients.ts";
import { describeFailure, OperationError } from "../terminal/failure.ts";
import { getPolicy, isOwn } from "./policies.ts";
import type { PolicyView } from "./policies.ts";
import {
  fieldOf,
  flagOf,
  partOf,
  rulesFrom,
  rulesWith,
  settingNames,
  settingsOf,
  valueText,
} from "./policy-settings.ts";
import type {
  PolicyChange,
  PolicySettings,
  SettingName,
} from "./policy-settings.ts";

/** A change of a policy, before it is made. */
export interface PolicyPlan {
  readonly before: PolicyView;
  readonly after: PolicySettings;
  /** How many guesses a stranger has afterwards. */
  readonly budgets: readonly GuessBudget[];
  /** Which of the two would be written. */
  readonly writes: { readonly numbers: boolean; readonly rules: boolean };
}

/**
 * Plans a change of the settings that are given, all others being kept as they hold at present, and of those that a preset needs beyond
 * them. An organisation without numbers or rules of its own gets those of which it changes one.
 *
 * @throws OperationError where the policy could not hold, or would miss the preset
 */
export async function planChange(
  clients: Clients,
  orgId: string | undefined,
  change: PolicyChange,
  preset: PresetName | undefined,
): Promise<PolicyPlan> {
  const before = await getPolicy(clients, orgId);
  const present = settingsOf(before.policy);
  const named = { ...present, ...change };
  const needed = preset === undefined ? {} : neededBy(preset, named);
  requireFree(preset ?? "", change, needed);
  const after = { ...named, ...needed };
  const set = settingNames.filter((name) => name in change || name in needed);
  const mustWrite = (part: "numbers" | "rules") =>
    set.some(
      (name) =>
        partOf(name) === part &&
        (!isOwn(before, part) || after[name] !== present[name]),
    );
  const writes = { numbers: mustWrite("numbers"), rules: mustWrite("rules") };
  const checked = await check(clients, before, after, writes.rules, preset);
  return { before, after, budgets: checked.budgets, writes };
}

/**
 * Makes a change: what somebody has changed since it was planned is not overwritten.
 *
 * @returns the policy that then holds
 * @throws OperationError where somebody has, or where a part could be written and the other could not
 */
export async function makeChange(
  clients: Clients,
  plan: PolicyPlan,
): Promise<PolicyView> {
  const { before, after, writes } = plan;
  const present = settingsOf(before.policy);
  const largest = Math.max(present.maxPasswordAttempts, present.maxOtpAttempts);
  const fits = after.ceiling === 0 || after.ceiling >= largest;
  if (!writes.numbers || !writes.rules) {
    await (writes.rules
      ? writeRules(clients, plan, before.policy.etag)
      : writeNumbers(clients, plan));
  } else if (fits) {
    // The rules first: if somebody has changed the policy, nothing is written at all.
    await writeRules(clients, plan, before.policy.etag);
    await afterFirst("rules", "numbers", () => writeNumbers(clients, plan));
  } else {
    // The ceiling may not be below the numbers that hold at present, so they go first.
    await writeNumbers(clients, plan);
    await afterFirst("numbers", "rules", async () => {
      const { policy } = await getPolicy(clients, before.orgId);
      requireSameRules(before, policy);
      await writeRules(clients, plan, policy.etag);
    });
  }
  return getPolicy(clients, before.orgId);
}

function requireSameRules(before: PolicyView, now: PolicyView["policy"]) {
  const { rules: was, rulesFrom } = before.policy;
  const isSame =
    was !== undefined &&
    now.rules !== undefined &&
    rulesFrom === now.rulesFrom &&
    equals(RulesSchema, was, now.rules);
  if (!isSame) {
    throw changedMeanwhile();
  }
}

async function afterFirst(
  first: string,
  second: string,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new OperationError(
      `the ${first} are set, but not the ${second}: ${describeFailure(error)}`,
      { cause: error },
    );
  }
}

async function writeNumbers(
  { admin, management, on }: Clients,
  { before, after }: PolicyPlan,
): Promise<void> {
  const { maxPasswordAttempts, maxOtpAttempts } = after;
  const limits = { maxPasswordAttempts, maxOtpAttempts };
  const { orgId } = before;
  if (orgId === undefined) {
    await admin.updateLockoutPolicy(limits);
  } else if (isOwn(before, "numbers")) {
    await management.updateCustomLockoutPolicy(limits, on(orgId));
  } else {
    await management.addCustomLockoutPolicy(limits, on(orgId));
  }
}

async function writeRules(
  { policies, on }: Clients,
  { before, after }: PolicyPlan,
  etag: string,
): Promise<void> {
  const request = { rules: rulesWith(before.policy, after), etag };
  try {
    await (before.orgId === undefined
      ? policies.setInstanceRules(request)
      : policies.setRules(request, on(before.orgId)));
  } catch (error) {
    throw explained(error);
  }
}

/** Has the rules refused before anything is written, and learns the guess budgets. */
async function check(
  { policies, on }: Clients,
  { orgId, policy }: PolicyView,
  after: PolicySettings,
  writesRules: boolean,
  preset: PresetName | undefined,
): Promise<CheckPolicyResponse> {
  // Numbers alone may be raised above the ceiling. They then say nothing more than it does.
  const most =
    writesRules || preset !== undefined || after.ceiling === 0
      ? Infinity
      : after.ceiling;
  const request = {
    presets: preset === undefined ? [] : [preset],
    candidate: {
      maxPasswordAttempts: BigInt(Math.min(after.maxPasswordAttempts, most)),
      maxOtpAttempts: BigInt(Math.min(after.maxOtpAttempts, most)),
      rules: rulesWith(policy, after),
    },
  };
  let checked;
  try {
    checked = await (orgId === undefined
      ? policies.checkInstancePolicy(request)
      : policies.checkPolicy(request, on(orgId)));
  } catch (error) {
    throw explained(error);
  }
  const missed = checked.presets
    .flatMap(({ requirements }) => requirements)
    .filter(({ verdict }) => verdict === Verdict.MISSED);
  if (preset !== undefined && missed.length > 0) {
    const changes = missed.map(({ wouldMeet }) => wouldMeet).join(", ");
    throw new OperationError(
      `${preset} needs what this command cannot set: ${changes}`,
    );
  }
  return checked;
}

/** The settings that would meet a preset, as far as options set them. */
function neededBy(preset: PresetName, named: PolicySettings): PolicyChange {
  const { devices, ...remedy } = remedyFor(preset, named, rulesFrom(named));
  return {
    ...Object.fromEntries(
      Object.entries(remedy).filter(([name]) =>
        settingNames.includes(name as SettingName),
      ),
    ),
    ...(devices === 0 && { deviceAttempts: 0, deviceTrustMs: 0 }),
  };
}

/** A preset does not overrule what the same command names. */
function requireFree(
  preset: string,
  change: PolicyChange,
  needed: PolicyChange,
): void {
  const [name] = settingNames.filter(
    (one) => one in change && one in needed && change[one] !== needed[one],
  );
  const value = name === undefined ? undefined : needed[name];
  if (name !== undefined && value !== undefined) {
    throw new OperationError(
      `${preset} needs another ${flagOf(name)}, such as ${valueText(name, value)}: leave the option out, or the preset`,
    );
  }
}

/** What is thrown where somebody else has changed the policy since it was read. */
export function changedMeanwhile(cause?: unknown): OperationError {
  return new OperationError(
    'somebody has changed the policy meanwhile: look at it ("lockoutd policy show"), then run the command again',
    { cause },
  );
}

/** Says by options what a call says by fields. */
function explained(error: unknown): unknown {
  if (!(error instanceof ConnectError)) {
    return error;
  }
  if (error.code === Code.Aborted) {
    return changedMeanwhile(error);
  }
  const violations = error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations);
  return violations.length === 0
    ? error
    : new OperationError(
        violations
          .map(({ field, description }) => inOptions(`${field} ${description}`))
          .join("; "),
        { cause: error },
      );
}

const flagsByField: ReadonlyMap<string, string> = new Map(
  settingNames.map((name) => [fieldOf(name), flagOf(name)]),
);

function inOptions(text: string): string {
  return text
    .replace(/^(?:candidate\.)?(?:rules\.)?/, "")
    .replaceAll(/[a-z0-9_.]+/g, (word) => flagsByField.get(word) ?? word);
}
