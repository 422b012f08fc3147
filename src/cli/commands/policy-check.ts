import { toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import type { Command } from "commander";
import {
  CheckPolicyResponseSchema,
  Verdict,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  CheckPolicyResponse,
  PresetCheck,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { presetNames } from "../../lockout/budget/preset-table.ts";
import { addCommand } from "../options/add-command.ts";
import { budgetTable, reportWidth } from "../policy/budget-table.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { findOrg, orgOption } from "../calls/orgs.ts";
import { outputOption, toJsonText, toTable } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface CheckOptions {
  readonly org?: string;
  readonly preset?: readonly string[];
  readonly output: OutputFormat;
}

/** Holds the policy against presets; where some are named, the exit code says whether it meets them. */
export function addPolicyCheckCommand(
  group: Command,
  terminal: Terminal,
): void {
  addConnectionOptions(
    addCommand(
      group,
      "check",
      "say which standards the policy meets, and what would meet the others",
    )
      .addOption(orgOption("for an organisation (default: the default policy)"))
      .addOption(
        new Option(
          "--preset <names...>",
          "the standards that it must meet, in detail (default: all, in short)",
        ).choices(presetNames),
      )
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Ends with exit code 1 where the policy misses a preset that you name.

Examples:
  lockoutd policy check
  lockoutd policy check --preset pci-dss-4.0.1 --preset psd2-rts --org Sales`,
      ),
  ).action(async ({ org, preset, output }: CheckOptions, command: Command) => {
    const presets = [...(preset ?? [])];
    const response = await withClients(command, async (clients) => {
      const { policies, on } = clients;
      const orgId = await findOrg(clients, org);
      return orgId === undefined
        ? policies.checkInstancePolicy({ presets })
        : policies.checkPolicy({ presets }, on(orgId));
    });
    terminal.out(
      output === "json"
        ? toJsonText(toJson(CheckPolicyResponseSchema, response))
        : checkText(response, presets.length > 0),
    );
    const missed = response.presets.filter(
      ({ verdict }) => verdict === Verdict.MISSED,
    );
    if (presets.length > 0 && missed.length > 0) {
      throw new OperationError(
        `the policy misses ${missed.map((check) => check.preset).join(", ")}: see above`,
      );
    }
  });
}

function checkText(
  { presets, budgets }: CheckPolicyResponse,
  isDetailed: boolean,
): string {
  const checks = isDetailed
    ? presets.map(presetText).join("\n")
    : presetsTable(presets);
  return `${checks}\n${budgetTable(budgets)}`;
}

const verdictNames: Readonly<Record<Verdict, string>> = {
  [Verdict.UNSPECIFIED]: "unknown",
  [Verdict.MET]: "met",
  [Verdict.MISSED]: "missed",
  [Verdict.NOT_DECIDED]: "not decided",
};

function presetsTable(presets: readonly PresetCheck[]): string {
  const rows = presets.flatMap(({ preset, verdict, requirements }) => {
    const [first = "", ...rest] = changesOf(requirements);
    return [
      [preset, verdictNames[verdict], first],
      ...rest.map((change) => ["", "", change]),
    ];
  });
  return toTable(["PRESET", "VERDICT", "TO MEET IT"], rows, reportWidth);
}

function presetText({
  preset,
  source,
  edition,
  verdict,
  requirements,
}: PresetCheck): string {
  const rows = requirements.map((requirement) => [
    verdictNames[requirement.verdict],
    requirement.text,
    requirement.wouldMeet,
  ]);
  return [
    `${preset}: ${verdictNames[verdict]}\n`,
    `${source} (${edition})\n`,
    toTable(["VERDICT", "REQUIREMENT", "TO MEET IT"], rows, reportWidth),
  ].join("");
}

/** Each value that would have to change, once. */
function changesOf(
  requirements: PresetCheck["requirements"],
): readonly string[] {
  return [
    ...new Set(
      requirements
        .map(({ wouldMeet }) => wouldMeet)
        .filter((changes) => changes !== "")
        .flatMap((changes) => changes.split(", ")),
    ),
  ];
}
