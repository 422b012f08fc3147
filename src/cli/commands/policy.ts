import { Option } from "commander";
import type { Command } from "commander";
import { addCommand } from "../add-command.ts";
import { addConnectionOptions, withClients } from "../connection.ts";
import { UsageError } from "../failure.ts";
import { outputOption, toJsonText } from "../output.ts";
import type { OutputFormat } from "../output.ts";
import { findOrg, orgOption } from "../orgs.ts";
import { exitCodeOption, tellUnchanged } from "../unchanged.ts";
import { getPolicy, resetPolicy, setPolicy } from "../policies.ts";
import type { PolicyView } from "../policies.ts";
import type { Terminal } from "../terminal.ts";
import { addPolicyCheckCommand } from "./policy-check.ts";
import { parseAttempts } from "../values.ts";

interface PolicyOptions {
  readonly org?: string;
  readonly output: OutputFormat;
}

interface SetOptions extends PolicyOptions {
  readonly maxPasswordAttempts?: number;
  readonly maxOtpAttempts?: number;
  readonly exitCode: boolean;
}

/** Each of its commands prints the policy that then holds. */
export function addPolicyCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "policy",
    "show and change the lockout policies",
  );
  const print = (policy: PolicyView, output: OutputFormat) => {
    terminal.out(output === "json" ? toJsonText(policy) : policyText(policy));
  };
  addGetCommand(group, print);
  addSetCommand(group, print, terminal);
  addResetCommand(group, print);
  addPolicyCheckCommand(group, terminal);
}

type Print = (policy: PolicyView, output: OutputFormat) => void;

function addGetCommand(group: Command, print: Print): void {
  addConnectionOptions(
    addCommand(group, "get", "show the policy that holds")
      .alias("show")
      .addOption(orgOption("for an organisation (default: the default policy)"))
      .addOption(outputOption()),
  ).action(async ({ org, output }: PolicyOptions, command: Command) => {
    const policy = await withClients(command, async (clients) =>
      getPolicy(clients, await findOrg(clients, org)),
    );
    print(policy, output);
  });
}

function addSetCommand(group: Command, print: Print, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "set", "change the default policy, or an organisation's")
      .addOption(
        orgOption(
          "the organisation's own policy, which is added where it has none",
        ),
      )
      .addOption(
        new Option(
          "-p, --max-password-attempts <number>",
          "wrong passwords that lock a user; 0 never locks",
        ).argParser(parseAttempts),
      )
      .addOption(
        new Option(
          "-c, --max-otp-attempts <number>",
          "wrong codes that lock a user, for each kind of code; 0 never locks",
        ).argParser(parseAttempts),
      )
      .addOption(exitCodeOption())
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
A number that you leave out keeps its present value. (In the API it becomes 0.)

Examples:
  lockoutd policy set --max-password-attempts 5 --max-otp-attempts 3
  lockoutd policy set --org 397114861402619904 --max-otp-attempts 10`,
      ),
  ).action(async (options: SetOptions, command: Command) => {
    const { maxPasswordAttempts, maxOtpAttempts } = options;
    if (maxPasswordAttempts === undefined && maxOtpAttempts === undefined) {
      throw new UsageError(
        "there is nothing to set: add --max-password-attempts N or --max-otp-attempts N",
      );
    }
    const { policy, isChanged } = await withClients(command, async (clients) =>
      setPolicy(clients, await findOrg(clients, options.org), {
        ...(maxPasswordAttempts !== undefined && { maxPasswordAttempts }),
        ...(maxOtpAttempts !== undefined && { maxOtpAttempts }),
      }),
    );
    print(policy, options.output);
    if (!isChanged) {
      tellUnchanged(
        "the policy has these numbers already",
        options.exitCode,
        terminal,
      );
    }
  });
}

function addResetCommand(group: Command, print: Print): void {
  addConnectionOptions(
    addCommand(
      group,
      "reset",
      "remove an organisation's own policy, so that the default holds again",
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
    const policy = await withClients(command, async (clients) => {
      const orgId = (await findOrg(clients, org)) ?? org;
      return resetPolicy(clients, orgId);
    });
    print(policy, output);
  });
}

function policyText(policy: PolicyView): string {
  const { isDefault, resourceOwner, sequence, changeDate } = policy;
  return [
    `Maximum password attempts: ${attempts(policy.maxPasswordAttempts, "passwords")}`,
    `Maximum OTP attempts:      ${attempts(policy.maxOtpAttempts, "codes")}`,
    `Policy:                    ${isDefault ? "default, of the instance" : "of the organisation"} ${resourceOwner}`,
    `Last change:               ${changeDate}, event ${sequence}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function attempts(maximum: number, secrets: string): string {
  return maximum === 0
    ? `0 (wrong ${secrets} never lock a user)`
    : String(maximum);
}
