import type { Command } from "commander";

/** Adds a command whose errors end with where to find its help. */
export function addCommand(
  parent: Command,
  name: string,
  description: string,
): Command {
  const command = parent
    .command(name)
    .description(description)
    // There is one for all: lockoutd help.
    .helpCommand(false);
  const path = [command.name()];
  for (let up = command.parent; up !== null; up = up.parent) {
    path.unshift(up.name());
  }
  return command.showHelpAfterError(`Run "${path.join(" ")} --help" for help.`);
}
