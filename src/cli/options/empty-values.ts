import type { Command, Option } from "commander";

/**
 * The options whose value may be blank: texts that describe and choose nothing, and what stands between fields, whose own parser refuses an
 * empty one.
 */
const mayBeBlank: ReadonlySet<string | undefined> = new Set([
  "--note",
  "--ticket",
  "--name",
  "--delimiter",
]);

/** Whether a value of the option has to say something. */
export function needsText({ required, optional, long }: Option): boolean {
  return (required || optional) && !mayBeBlank.has(long);
}

/**
 * Has all commands refuse blank values of options and arguments: `--org "$ORG"` where ORG is not set must not mean every organisation, or
 * another one.
 */
export function refuseEmptyValues(program: Command): void {
  refuseEmptyOptions(program);
  program.hook("preAction", (_program, command) => {
    if (command.args.some((argument) => argument.trim() === "")) {
      refuse(command, "an argument", "leave it out");
    }
  });
}

function refuseEmptyOptions(command: Command): void {
  for (const option of command.options.filter(needsText)) {
    // Comes after what reads the value, and before any action.
    command.on(`option:${option.name()}`, (value: string | null) => {
      if (value?.trim() === "") {
        refuse(command, `option '${option.flags}'`, "leave the option out");
      }
    });
  }
  command.commands.forEach(refuseEmptyOptions);
}

function refuse(command: Command, what: string, instead: string): never {
  command.error(
    `error: ${what} is empty: write a value, or ${instead} (is a variable of your shell not set?)`,
  );
}
