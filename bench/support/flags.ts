import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads the flags of the command line. Ends the process where there is nothing to run: with the help where that is asked for, and with
 * exit code 2 where a flag is none of the options. A flag that is true by default is switched off by `--no-…`.
 */
export function readFlags<const Known extends Options>(
  help: string,
  options: Known,
): ReturnType<typeof parseArgs<{ options: Known }>>["values"] {
  if (process.argv.includes("--help")) {
    process.stdout.write(help);
    process.exit();
  }
  try {
    return parseArgs<{ options: Known; allowNegative: true }>({
      options,
      allowNegative: true,
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${reason}\n\n${help}`);
    process.exit(2);
  }
}
