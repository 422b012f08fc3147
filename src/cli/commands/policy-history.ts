import { toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import type { Command } from "commander";
import {
  PolicyChangeSchema,
  PolicySchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type { PolicyChange } from "../../../gen/lockout/v1/policy_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { budgetChanges, reportWidth } from "../policy/budget-table.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { incompleteResponse, UsageError } from "../terminal/failure.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { getPolicy } from "../policy/policies.ts";
import {
  changeText,
  differences,
  findChanges,
  policyChanges,
} from "../policy/policy-history.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { parseChange, parseCount } from "../options/values.ts";

interface HistoryOptions {
  readonly org?: string;
  readonly limit: number;
  readonly output: OutputFormat;
}

interface DiffOptions {
  readonly org?: string;
  readonly output: OutputFormat;
}

/** Lists who changed a policy, when, and what. */
export function addPolicyHistoryCommand(
  group: Command,
  terminal: Terminal,
): void {
  addConnectionOptions(
    addCommand(
      group,
      "history",
      "list who changed the policy, when and what, newest first",
    )
      .addOption(
        orgOption(
          "an organisation's own numbers and rules (default: the default policy)",
        ),
      )
      .addOption(
        new Option("-n, --limit <number>", "how many changes at most")
          .default(20)
          .argParser((text) => parseCount(text, 1)),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
A change is named by the number before it, which policy diff and policy rollback
take.`,
      ),
  ).action(async (options: HistoryOptions, command: Command) => {
    const { org, limit, output } = options;
    const found = await withClients(command, async (clients) => {
      const orgId = await findOrg(clients, org);
      const all: PolicyChange[] = [];
      for await (const change of policyChanges(clients, orgId)) {
        all.push(change);
        if (all.length > limit) {
          break;
        }
      }
      return all;
    });
    const changes = found.slice(0, limit);
    terminal.out(
      output === "json"
        ? toJsonText(changes.map((one) => toJson(PolicyChangeSchema, one)))
        : changes.map(changeText).join(""),
    );
    if (found.length > limit) {
      terminal.err(`there are more: raise --limit ${limit}\n`);
    } else if (changes.length === 0) {
      terminal.err("there is no change: the default policy has held always\n");
    }
  });
}

/** Says what differs between what a policy was and is. */
export function addPolicyDiffCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(
      group,
      "diff",
      "say what differs between the policy after one change and after another",
    )
      .argument(
        "<from>",
        "a change of policy history; or default, for the default policy that holds",
        parseDiffed,
      )
      .argument(
        "[to]",
        "a later or an earlier change (default: the policy that holds)",
        parseChange,
      )
      .addOption(orgOption("of an organisation (default: the default policy)"))
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Examples:
  lockoutd policy diff 1041
  lockoutd policy diff 1041 1077 --org Sales
  lockoutd policy diff default --org Sales`,
      ),
  ).action(
    async (
      from: string,
      to: string | undefined,
      { org, output }: DiffOptions,
      command: Command,
    ) => {
      if (from === byDefault && org === undefined) {
        throw new UsageError(
          "name the organisation whose policy is held against the default policy: --org ID",
        );
      }
      const [before, after] = await withClients(command, async (clients) => {
        const orgId = await findOrg(clients, org);
        const positions = [from, to].filter(
          (one) => one !== undefined && one !== byDefault,
        ) as readonly string[];
        const found = await findChanges(clients, orgId, positions);
        const at = async (position: string | undefined) => {
          const change = found.find((one) => one.position === position);
          return change === undefined
            ? (
                await getPolicy(
                  clients,
                  position === byDefault ? undefined : orgId,
                )
              ).policy
            : change.after;
        };
        return [await at(from), await at(to)];
      });
      if (before === undefined || after === undefined) {
        throw incompleteResponse();
      }
      const changes = differences(before, after);
      if (output === "json") {
        terminal.out(
          toJsonText({
            changes,
            before: toJson(PolicySchema, before),
            after: toJson(PolicySchema, after),
          }),
        );
      } else if (changes.length > 0) {
        const rows = changes.map(({ option, was, is }) => [option, was, is]);
        terminal.out(
          toTable(["OPTION", "WAS", "IS"], rows, reportWidth) +
            budgetChanges(before.budgets, after.budgets),
        );
      } else {
        terminal.err("nothing differs\n");
      }
    },
  );
}

const byDefault = "default";

function parseDiffed(text: string): string {
  return text === byDefault ? text : parseChange(text);
}
