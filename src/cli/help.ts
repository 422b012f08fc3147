import type { Help, HelpConfiguration } from "commander";

/** Terms longer than this have their description below them: else there would be no room for it. */
const mostTermWidth = 28;
const itemIndent = 2;
const gap = 2;

/** How help is laid out: no line is longer than the terminal is wide, however long the names of flags are. */
export const helpLayout: HelpConfiguration = {
  padWidth(command, helper) {
    const widths = [
      ...helper
        .visibleOptions(command)
        .map((option) => helper.optionTerm(option)),
      ...helper
        .visibleCommands(command)
        .map((subcommand) => helper.subcommandTerm(subcommand)),
      ...helper
        .visibleArguments(command)
        .map((argument) => helper.argumentTerm(argument)),
    ].map((term) => term.length);
    return Math.min(Math.max(0, ...widths), mostTermWidth);
  },
  formatItem(term, termWidth, description, helper) {
    const indent = " ".repeat(itemIndent);
    if (description === "") {
      return indent + term;
    }
    const width = widthOf(helper) - itemIndent - termWidth - gap;
    const lines = helper.boxWrap(description, width).split("\n");
    const below = " ".repeat(itemIndent + termWidth + gap);
    const text = lines.join(`\n${below}`);
    return term.length > termWidth
      ? `${indent}${term}\n${below}${text}`
      : `${indent}${term.padEnd(termWidth + gap)}${text}`;
  },
};

function widthOf({ helpWidth }: Help): number {
  return helpWidth ?? 80;
}
