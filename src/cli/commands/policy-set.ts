import { Option } from "commander";
import type { Command } from "commander";
import { presetNames } from "../../lockout/budget/preset-table.ts";
import type { PresetName } from "../../lockout/budget/preset-table.ts";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { policyJson } from "../policy/policies.ts";
import { makeChange, planChange } from "../policy/policy-change.ts";
import { readChange, settingOptions } from "../policy/policy-settings.ts";
import { planJson, planText, policyText } from "../policy/policy-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { exitCodeOption, tellUnchanged } from "../terminal/unchanged.ts";

interface SetOptions {
  readonly org?: string;
  readonly preset?: PresetName;
  readonly dryRun: boolean;
  readonly exitCode: boolean;
  readonly output: OutputFormat;
}

/** Changes what is named of a policy, and prints the policy that then holds. */
export function addPolicySetCommand(group: Command, terminal: Terminal): void {
  const command = addCommand(
    group,
    "set",
    "change the default policy, or an organisation's",
  ).addOption(
    orgOption(
      "the organisation's own policy, which is added where it has none",
    ),
  );
  for (const option of settingOptions()) {
    command.addOption(option);
  }
  addConnectionOptions(
    command
      .addOption(
        new Option(
          "--preset <name>",
          "change beside them what the policy lacks to meet this standard",
        ).choices(presetNames),
      )
      .option(
        "--dry-run",
        "show what would change, and the guesses that a stranger has before and after, and change nothing",
        false,
      )
      .addOption(exitCodeOption())
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
What you leave out keeps its present value. (In the API a number becomes 0.)
Time spans are written as 90s, 15m, 24h or 30d; none, or 0, switches a rule off.

Examples:
  lockoutd policy set --max-password-attempts 5 --max-otp-attempts 3
  lockoutd policy set --org 397114861402619904 --max-otp-attempts 10
  lockoutd policy set --lock-duration 15m --ceiling 100 --dry-run
  lockoutd policy set --preset pci-dss-4.0.1 --dry-run`,
      ),
  ).action(async (options: SetOptions, of: Command) => {
    const { org, preset, dryRun, exitCode, output } = options;
    const change = readChange(of.opts());
    if (Object.keys(change).length === 0 && preset === undefined) {
      throw new UsageError(
        "there is nothing to set: add --max-password-attempts N, --max-otp-attempts N, a rule, or --preset NAME",
      );
    }
    const isJson = output === "json";
    const isChanged = await withClients(of, async (clients) => {
      const orgId = await findOrg(clients, org);
      const plan = await planChange(clients, orgId, change, preset);
      const mustWrite = plan.writes.numbers || plan.writes.rules;
      if (dryRun && (mustWrite || isJson)) {
        terminal.out(isJson ? toJsonText(planJson(plan)) : planText(plan));
      } else {
        const policy = mustWrite
          ? await makeChange(clients, plan)
          : plan.before;
        terminal.out(
          isJson ? toJsonText(policyJson(policy)) : policyText(policy),
        );
      }
      return mustWrite;
    });
    if (!isChanged) {
      tellUnchanged("the policy is so already", exitCode, terminal);
    } else if (dryRun && !isJson) {
      terminal.err("nothing was changed: --dry-run\n");
    }
  });
}
