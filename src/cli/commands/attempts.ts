import { toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import type { Command } from "commander";
import {
  BeginAttemptResponseSchema,
  CompleteAttemptResponseSchema,
  Decision,
  Factor,
  Outcome,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  BeginAttemptResponse,
  CompleteAttemptResponse,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { addCommand } from "../options/add-command.ts";
import { addConnectionOptions, withClients } from "../transport/connection.ts";
import { enumNames } from "../options/enum-names.ts";
import { UsageError } from "../terminal/failure.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findOrg, userOrgOption } from "../calls/orgs.ts";

const factorNames = enumNames(Factor, "FACTOR_");
const outcomeNames = enumNames(Outcome, "OUTCOME_");

interface BeginOptions {
  readonly userId?: string;
  readonly loginName?: string;
  readonly factor: Factor;
  readonly org?: string;
  readonly output: OutputFormat;
}

interface CompleteOptions {
  readonly outcome: Outcome;
  readonly org?: string;
  readonly output: OutputFormat;
}

/** Begins and completes attempts, for scripts and to try things out. */
export function addAttemptsCommand(program: Command, terminal: Terminal): void {
  const group = addCommand(
    program,
    "attempts",
    "begin and complete attempts, for scripts and to try things out",
  );
  addBeginCommand(group, terminal);
  addCompleteCommand(group, terminal);
}

function addBeginCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "begin", "take one of the chances that a user has left")
      .option("--user-id <id>", "the user, who is registered where unknown")
      .option("--login-name <name>", "what a person typed")
      .addOption(
        new Option(
          "--factor <factor>",
          `what is guessed at: ${factorNames.names.join(", ")}`,
        )
          .default(Factor.PASSWORD, "password")
          .argParser(factorNames.parse),
      )
      .addOption(userOrgOption())
      .addOption(outputOption())
      .addHelpText(
        "after",
        `
Prints the decision, and where it is "proceed" the attempt's id: compare the
secret, then complete the attempt.

Examples:
  lockoutd attempts begin --user-id alice
  lockoutd attempts complete 116434093379001000 --outcome failed`,
      ),
  ).action(async (options: BeginOptions, command: Command) => {
    const { userId, loginName, factor, org, output } = options;
    if ((userId === undefined) === (loginName === undefined)) {
      throw new UsageError(
        "name the user: by --user-id ID or --login-name NAME",
      );
    }
    const response = await withClients(command, async (clients) => {
      const { attempts, on } = clients;
      return attempts.beginAttempt(
        {
          factor,
          subject:
            userId === undefined
              ? { case: "loginName", value: loginName ?? "" }
              : { case: "userId", value: userId },
        },
        on(await findOrg(clients, org)),
      );
    });
    terminal.out(
      output === "json"
        ? toJsonText(toJson(BeginAttemptResponseSchema, response))
        : beginText(response),
    );
  });
}

function addCompleteCommand(group: Command, terminal: Terminal): void {
  addConnectionOptions(
    addCommand(group, "complete", "say how the comparison ended")
      .argument("<attempt>", "the attempt's id")
      .addOption(
        new Option(
          "--outcome <outcome>",
          `how it ended: ${outcomeNames.names.join(", ")}`,
        )
          .argParser(outcomeNames.parse)
          .makeOptionMandatory(),
      )
      .addOption(userOrgOption())
      .addOption(outputOption()),
  ).action(
    async (attemptId: string, options: CompleteOptions, command: Command) => {
      const { outcome, org, output } = options;
      const response = await withClients(command, async (clients) => {
        const { attempts, on } = clients;
        return attempts.completeAttempt(
          { attemptId, outcome },
          on(await findOrg(clients, org)),
        );
      });
      terminal.out(
        output === "json"
          ? toJsonText(toJson(CompleteAttemptResponseSchema, response))
          : completeText(response),
      );
    },
  );
}

function beginText(response: BeginAttemptResponse): string {
  const attempt =
    response.attemptId === "" ? "" : `Attempt:  ${response.attemptId}\n`;
  return `Decision: ${Decision[response.decision].toLowerCase()}\n${attempt}${counts(response)}`;
}

function completeText(response: CompleteAttemptResponse): string {
  return `Accepted: ${response.accepted ? "yes" : "no"}\nLocked:   ${response.locked ? "yes" : "no"}\n${counts(response)}`;
}

function counts(response: { failedAttempts: number; limit: number }): string {
  const limit = response.limit === 0 ? "no limit" : `limit ${response.limit}`;
  return `Failed:   ${response.failedAttempts} (${limit})\n`;
}
