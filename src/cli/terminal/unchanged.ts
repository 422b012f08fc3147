import { Option } from "commander";
import { UnchangedExit } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** The option `--exit-code` of commands that change something. */
export function exitCodeOption(): Option {
  return new Option(
    "--exit-code",
    "end with 3 where nothing was to be changed, instead of 0",
  ).default(false);
}

/**
 * Says that there was nothing to change, which is no failure: a script that is run twice ends as it did.
 *
 * @param isTold whether the exit code is to tell it
 * @throws UnchangedExit
 */
export function tellUnchanged(
  what: string,
  isTold: boolean,
  terminal: Terminal,
): void {
  terminal.err(`nothing to change: ${what}\n`);
  if (isTold) {
    throw new UnchangedExit();
  }
}
