import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { UsageError } from "../terminal/failure.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import {
  getPolicy,
  isOwn,
  policyJson,
  resetPolicy,
} from "../policy/policies.ts";
import type { PolicyView } from "../policy/policies.ts";
import { endDatesText } from "../policy/policy-dates.ts";
import { policyText } from "../policy/policy-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { addPolicyCheckCommand } from "./policy-check.ts";
import {
  addPolicyDiffCommand,
  addPolicyHistoryCommand,
} from "./policy-history.ts";
import { addPolicyRollbackCommand } from "./policy-rollback.ts";
import { addPolicySetCommand } from "./policy-set.ts";

interface PolicyOptions {
  readonly org?: string;
  readonly output: OutputFormat;
}

/** Each of its commands prints the policy that then holds. */
export function addPolicyCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "policy",
    "show and change the lockout policies",
  );
  const print = (policy: PolicyView, output: OutputFormat) => {
    terminal.out(
      output === "json" ? toJsonText(policyJson(policy)) : policyText(policy),
    );
  };
  addGetCommand(group, print, terminal);
  addPolicySetCommand(group, terminal);
  addResetCommand(group, print, terminal);
  addPolicyHistoryCommand(group, terminal);
  addPolicyDiffCommand(group, terminal);
  addPolicyRollbackCommand(group, terminal);
  addPolicyCheckCommand(group, terminal);
}

type Print = (policy: PolicyView, output: OutputFormat) => void;

function addGetCommand(group: Command, print: Print, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "get",
      "say what policy holds, and whose each part of it is",
    )
      .alias("show")
      .addOption(orgOption("for an organisation (default: the default policy)"))
      .addOption(outputOption()),
  ).action(async ({ org, output }: PolicyOptions, command: Command) => {
    const policy = await withClients(command, async (clients) =>
      getPolicy(clients, await findOrg(clients, org)),
    );
    print(policy, output);
    if (output === "text") {
      terminal.out(endDatesText(policy.policy, Date.now()));
    }
  });
}

function addResetCommand(
  group: Command,
  print: Print,
  terminal: Terminal,
): void {
  addConnectionOptions(
    addCommand(
      group,
      "reset",
      "remove an organisation's own numbers and rules, so that the default policy holds again",
    )
      .addOption(
        orgOption(
          "the organisation (required: the default policy can be changed, but not removed)",
        ),
      )
      .addOption(outputOption()),
  ).action(async ({ org, output }: PolicyOptions, command: Command) => {
    if (org === undefined) {
      throw new UsageError(
        "name the organisation by --org ID. The default policy cannot be removed; to change it: lockoutd policy set",
      );
    }
    const { policy, removed } = await withClients(command, async (clients) => {
      const orgId = (await findOrg(clients, org)) ?? org;
      const before = await getPolicy(clients, orgId);
      return {
        policy: await resetPolicy(clients, orgId),
        removed: (["numbers", "rules"] as const).filter((part) =>
          isOwn(before, part),
        ),
      };
    });
    print(policy, output);
    if (output === "text") {
      terminal.err(
        `removed the organisation's own ${removed.join(" and ")}: the default policy holds\n`,
      );
    }
  });
}
