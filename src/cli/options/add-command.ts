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
  const path: string[] = [];
  for (let up = command.parent; up !== null; up = up.parent) {
    path.unshift(up.name());
  }
  const pointToHelp = (typed: string) =>
    command.showHelpAfterError(
      `Run "${[...path, typed].join(" ")} --help" for help.`,
    );
  parent.hook("preSubcommand", ({ args: [typed] }, called) => {
    // It may be called by its other name.
    if (called === command && typed !== undefined) {
      pointToHelp(typed);
    }
  });
  return pointToHelp(name);
}
