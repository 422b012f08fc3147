import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { reportWidth } from "../policy/budget-table.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { incompleteResponse } from "../terminal/failure.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { getPolicy, policyJson } from "../policy/policies.ts";
import { changedMeanwhile } from "../policy/policy-change.ts";
import {
  differences,
  findChanges,
  unknownChange,
} from "../policy/policy-history.ts";
import type { Difference } from "../policy/policy-history.ts";
import { partOfFlag } from "../policy/policy-settings.ts";
import { policyText } from "../policy/policy-text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { exitCodeOption, tellUnchanged } from "../terminal/unchanged.ts";
import { parseChange } from "../options/values.ts";

interface RollbackOptions {
  readonly org?: string;
  readonly dryRun: boolean;
  readonly exitCode: boolean;
  readonly output: OutputFormat;
}

/** Makes a policy what it was right after a change, and prints the policy that then holds. */
export function addPolicyRollbackCommand(
  group: Command,
  terminal: Terminal,
): void {
  addConnectionOptions(
    addCommand(
      group,
      "rollback",
      "make numbers and rules what they were right after a change, by a new change",
    )
      .argument("<change>", "a change of policy history", parseChange)
      .addOption(
        orgOption(
          "an organisation's own numbers and rules (default: the default policy)",
        ),
      )
      .option("--dry-run", "say what would change, and change nothing", false)
      .addOption(exitCodeOption())
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Where an organisation had no numbers or rules of its own then, it has none
again: those of the default policy hold, as they are now.

Examples:
  lockoutd policy history --org Sales
  lockoutd policy rollback 1041 --org Sales --dry-run`,
      ),
  ).action(
    async (position: string, options: RollbackOptions, command: Command) => {
      const { org, dryRun, exitCode, output } = options;
      const isJson = output === "json";
      const isChanged = await withClients(command, async (clients) => {
        const { policies, on } = clients;
        const orgId = await findOrg(clients, org);
        const before = await getPolicy(clients, orgId);
        if (dryRun) {
          const [change] = await findChanges(clients, orgId, [position]);
          if (change?.after === undefined) {
            throw incompleteResponse();
          }
          const changes = ownDifferences(before.policy, change.after);
          const rows = changes.map(({ option, was, is }) => [option, was, is]);
          if (isJson) {
            terminal.out(toJsonText({ changes, before: policyJson(before) }));
          } else if (rows.length > 0) {
            terminal.out(toTable(["OPTION", "WAS", "IS"], rows, reportWidth));
          }
          return rows.length > 0;
        }
        const request = { change: position, etag: before.policy.etag };
        let after: Policy;
        try {
          after = await (orgId === undefined
            ? policies.rollBackInstancePolicy(request)
            : policies.rollBackPolicy(request, on(orgId)));
        } catch (error) {
          throw explained(error, position);
        }
        const view = await getPolicy(clients, orgId);
        terminal.out(isJson ? toJsonText(policyJson(view)) : policyText(view));
        return after.etag !== before.policy.etag;
      });
      if (!isChanged) {
        tellUnchanged("the policy is so already", exitCode, terminal);
      } else if (dryRun && !isJson) {
        terminal.err("nothing was changed: --dry-run\n");
      }
    },
  );
}

/** What a roll back changes: of what the owner had none then, only whose it is: the default policy may have changed since. */
function ownDifferences(present: Policy, past: Policy): readonly Difference[] {
  const isInherited = {
    numbers: past.numbersFrom,
    rules: past.rulesFrom,
  };
  const isOrg = [
    ...[present.numbersFrom, present.rulesFrom],
    ...[past.numbersFrom, past.rulesFrom],
  ].includes(PolicySource.ORGANIZATION);
  return differences(present, past).filter(({ option }) => {
    const part = partOfFlag(option);
    return (
      part === undefined ||
      !isOrg ||
      isInherited[part] === PolicySource.ORGANIZATION
    );
  });
}

function explained(error: unknown, position: string): unknown {
  const { code } = ConnectError.from(error);
  switch (code) {
    case Code.Aborted:
      return changedMeanwhile(error);
    case Code.NotFound:
      return unknownChange(position, { cause: error });
    default:
      return error;
  }
}
