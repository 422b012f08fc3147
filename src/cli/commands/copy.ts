import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";
import { OperationError } from "../terminal/failure.ts";
import { outputOption, toJsonText } from "../terminal/output.ts";
import type { OutputFormat } from "../terminal/output.ts";
import { createProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly withHooks: boolean;
  readonly output: OutputFormat;
}

/** Moves an installation to another database, of whichever engine. */
export function addCopyCommand(program: Command, terminal: Terminal): void {
  addCommand(program, "copy", "copy an installation to another database")
    .requiredOption("--from <url>", "the database that was served")
    .requiredOption("--to <url>", "a database with nothing in it")
    .option(
      "--with-hooks",
      "hooks of the copy send as those of the source do: for a move; else they are disabled",
      false,
    )
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Stop the servers first: what they change meanwhile would be missing. A copy that
was broken off goes on where it stopped when the same command is run again. In
the end both sides are counted and hashed, table by table; until they are found
alike no server starts on the new database, and no other command works on it.
The source stays as it is. Hooks are disabled in the copy, so that a copy for a
trial sends nothing, unless --with-hooks is named: for the copy that is served
from now on.

Examples:
  lockoutd copy --from sqlite:./lockoutd.db --to postgres://USER:PASS@HOST/NAME
  lockoutd copy --from postgres://USER:PASS@HOST/NAME --to sqlite:./lockoutd.db`,
    )
    .action(async ({ from, to, withHooks, output }: CopyOptions) => {
      const { copyDatabase } = await import("../../store/maintenance.ts");
      const progress = createRowProgress();
      const { tables, differences } = await copyDatabase(
        ...([from, to, progress.show, withHooks] as const),
      ).finally(progress.clear);
      if (output === "json") {
        terminal.out(toJsonText({ tables, differences }));
      } else {
        for (const { name, rows, hash } of tables) {
          terminal.out(`${name}: ${rows} rows, SHA-256 ${hash}\n`);
        }
      }
      if (differences.length > 0) {
        throw new OperationError(
          `source and copy differ (${differences.join("; ")}): stop whatever writes to them and run the same command again, which starts the copy over`,
        );
      }
      if (output !== "json") {
        terminal.out("source and copy are alike\n");
        const hooks = tables.find(({ name }) => name === "hooks");
        if (!withHooks && hooks !== undefined && hooks.rows > 0) {
          terminal.out(
            "but the hooks are disabled in the copy: --with-hooks leaves them as they are\n",
          );
        }
      }
    });
}

/** A progress bar whose total is known once the first rows are copied. */
function createRowProgress() {
  let bar: ReturnType<typeof createProgress> | undefined;
  return {
    show: (done: number, total: number) => {
      bar ??= createProgress("rows", total);
      bar.show(done, done);
    },
    clear: () => {
      bar?.clear();
    },
  };
}
