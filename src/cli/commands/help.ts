import type { Command } from "commander";
import { addCommand } from "../options/add-command.ts";

/** Prints the help of a command. One that does not exist is an error: commander's own command prints the help of all for it. */
export function addHelpCommand(program: Command): void {
  addCommand(program, "help", "print the help of a command")
    .argument("[command...]", "such as policy set")
    .action((names: readonly string[]) => {
      let command: Command = program;
      for (const name of names) {
        const found = command.commands.find(
          (candidate) =>
            candidate.name() === name || candidate.aliases().includes(name),
        );
        if (found === undefined) {
          command.error(`error: unknown command '${[...names].join(" ")}'`, {
            exitCode: 2,
          });
        }
        command = found;
      }
      command.help();
    });
}
