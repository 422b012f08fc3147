import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { databaseOption } from "../transport/connection.ts";
import { OperationError } from "../terminal/failure.ts";
import { printable } from "../../telemetry/printable.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface DatabaseOptions {
  readonly database: string;
}

interface CheckOptions extends DatabaseOptions {
  readonly output: OutputFormat;
}

/** Copies the database, also while it is served. */
export function addBackupCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "backup", "copy the database, also while it is served")
    .argument("<file>", "the new file")
    .addOption(databaseOption())
    .addHelpText(
      "after",
      `
The copy is the database as it was at one moment; a backup that fails leaves no
file. To restore it: stop the server, put the copy in the place of the database,
remove the files beside it that end in -wal and -shm, start the server.

Examples:
  lockoutd backup lockoutd-$(date +%F).db
  lockoutd check --database sqlite:lockoutd-2030-01-31.db`,
    )
    .action(async (file: string, { database }: DatabaseOptions) => {
      const { backupDatabase } = await import("../../store/maintenance.ts");
      backupDatabase(database, file);
      terminal.err(`Written: ${printable(file)}\n`);
    });
}

/** Verifies the event log against the current state, also while it is served. */
export function addCheckCommand(program: Command, terminal: Terminal): void {
  addCommand(
    program,
    "check",
    "verify a database or a backup: the file, and the events against the present state",
  )
    .addOption(databaseOption())
    .addOption(outputOption())
    .action(async ({ database, output }: CheckOptions) => {
      const { checkDatabase } = await import("../../store/maintenance.ts");
      const report = await checkDatabase(database);
      if (output === "json") {
        terminal.out(toJsonText(report));
      } else {
        for (const problem of report.problems) {
          terminal.out(`${printable(problem)}\n`);
        }
        terminal.out(
          `${report.events} events, ${report.users} users: ${report.count === 0 ? "all is well" : `${report.count} problems`}\n`,
        );
      }
      if (report.count > 0) {
        throw new OperationError(
          "the database has errors: stop the server, keep a copy of the file, and restore a backup",
        );
      }
    });
}
