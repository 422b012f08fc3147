import { Command } from "commander";
import { addAttemptsCommand } from "./commands/attempts.ts";
import { addCopyCommand } from "./commands/copy.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEventsCommand } from "./commands/events.ts";
import { addHookCommand } from "./commands/hook.ts";
import { addBackupCommand, addCheckCommand } from "./commands/maintenance.ts";
import { addOrgCommand } from "./commands/org.ts";
import { addPolicyCommand } from "./commands/policy.ts";
import { addReadyCommand } from "./commands/ready.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addServiceAccountCommand } from "./commands/service-account.ts";
import { addTopCommand } from "./commands/top.ts";
import { addTokenCommand } from "./commands/token.ts";
import { addUserCommand } from "./commands/user.ts";
import { addVersionCommand } from "./commands/version.ts";
import { addHelpCommand } from "./commands/help.ts";
import { refuseEmptyValues } from "./options/empty-values.ts";
import { suggestChoices } from "./options/suggested-choices.ts";
import { warnOfVariables } from "./options/unknown-variables.ts";
import { helpLayout } from "./help.ts";
import { failurePrefix, warningPrefix } from "./terminal/terminal.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { readVersion } from "../telemetry/version.ts";

const explanation = `
First steps:
  lockoutd serve                                 the first start prints a token
  lockoutd policy set --max-password-attempts 5  locks who fails five times
  lockoutd events                                shows who changed what

Flags and variables:
  Many flags have a variable, which the help of each command names. A flag
  counts before its variable, and that before the default. An empty variable is
  the same as none. Colours are for terminals alone: NO_COLOR switches them off.

Exit codes:
  0  done
  1  could not be done: the message on standard error says why
  2  flags or values are wrong: the message says what to write
  3  nothing was to be changed, and --exit-code is set`;

/** The whole command line. @throws CommanderError where a command is written wrongly or asks for help */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("lockoutd")
    .description(
      "Account lockout as a service: ZITADEL's lockout policy API over gRPC, gRPC-Web, Connect and JSON.",
    )
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp(helpLayout)
    .showHelpAfterError('Run "lockoutd --help" for help.')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (message, write) => {
        write(message.replace(/^error:/, failurePrefix));
      },
    })
    .addHelpText("after", explanation);
  addServeCommand(program, terminal);
  addPolicyCommand(program, terminal);
  addOrgCommand(program, terminal);
  addTokenCommand(program, terminal);
  addServiceAccountCommand(program, terminal);
  addUserCommand(program, terminal);
  addAttemptsCommand(program, terminal);
  addEventsCommand(program, terminal);
  addHookCommand(program, terminal);
  addTopCommand(program, terminal);
  addBackupCommand(program, terminal);
  addCheckCommand(program, terminal);
  addCopyCommand(program, terminal);
  addDoctorCommand(program, terminal);
  addReadyCommand(program, terminal);
  addVersionCommand(program, terminal);
  addHelpCommand(program);
  refuseEmptyValues(program);
  suggestChoices(program);
  program.hook("preAction", (_program, command) => {
    // A server logs them.
    if (command.name() !== "serve") {
      for (const warning of warnOfVariables(program, process.env)) {
        terminal.err(`${warningPrefix()} ${warning}\n`);
      }
    }
  });
  return program;
}
