import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { didYouMean } from "./nearest.ts";

/** Has all commands say first which choice of an option somebody meant who wrote none of them: there may be a hundred. */
export function suggestChoices(command: Command): void {
  for (const option of command.options) {
    const { argChoices, parseArg } = option;
    if (argChoices !== undefined && parseArg !== undefined) {
      option.argParser((text: string, before: unknown) => {
        if (!argChoices.includes(text)) {
          throw new InvalidArgumentError(
            `${didYouMean(text, argChoices)}Allowed choices are ${argChoices.join(", ")}.`,
          );
        }
        return parseArg(text, before);
      });
    }
  }
  command.commands.forEach(suggestChoices);
}
