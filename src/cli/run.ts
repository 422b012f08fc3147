import { CommanderError } from "commander";
import {
  describeFailure,
  exitCodeOf,
  OperationError,
  UnchangedExit,
} from "./terminal/failure.ts";
import { createProgram } from "./program.ts";
import { failurePrefix, processTerminal } from "./terminal/terminal.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Runs the command line of this process, and sets its exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  dropEmptyVariables();
  outliveReaders();
  const code = await runCommand(argv.slice(2), processTerminal);
  if (code !== 0) {
    process.exitCode = code;
  }
}

/**
 * Runs a command. Returns the exit code: 0, or 1 where it could not be done, or 2 where it was written wrongly, or 3 where nothing was to be
 * changed and the command is to tell it.
 */
export async function runCommand(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it. What was asked for, such as help, is no failure.
      return error.exitCode === 0 ? 0 : 2;
    }
    if (error instanceof UnchangedExit) {
      return 3;
    }
    terminal.err(`${failurePrefix()} ${describeFailure(error)}\n`);
    if (error instanceof OperationError && error.output !== "") {
      terminal.out(error.output);
    }
    return exitCodeOf(error);
  }
}

/** An empty variable is the same as none: composed environments cannot always leave one out. */
function dropEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("LOCKOUTD_") && value?.trim() === "") {
      Reflect.deleteProperty(process.env, name);
    }
  }
}

/**
 * Keeps a command running when the reader of its output stops early, as `head` does: its work is completed. A full disk for the output
 * does not stop it either, but is reported as a failure.
 */
function outliveReaders(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || process.exitCode === 1) {
      return;
    }
    process.exitCode = 1;
    processTerminal.err(
      `${failurePrefix()} the output could not be written: ${describeFailure(error)}\n`,
    );
  });
  // There is nobody to tell of these.
  process.stderr.on("error", () => undefined);
}
