import type { EventEmitter } from "node:events";
import type { Command, Option } from "commander";
import { expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.ts";

// The pages are made from the command line: `npm run docs:reference` writes them anew.

const program = createProgram({ out: () => undefined, err: () => undefined });

/** Its name from the program on, as one writes it. */
function pathOf(command: Command): string {
  return command.parent === null
    ? command.name()
    : `${pathOf(command.parent)} ${command.name()}`;
}

/** The commands that do something, in the order of the help. `events` does, and has commands of its own. */
function commandsOf(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [
    ...(command.commands.length === 0 || command.options.length > 0
      ? [command]
      : []),
    ...commandsOf(command),
  ]);
}

/** What the help of a command says after its flags. */
function explanationOf(command: Command): string {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  // Commander's types leave out that a command is an emitter.
  (command as unknown as EventEmitter).emit("afterHelp", {
    error: false,
    command,
    write,
  });
  return text.trim();
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) {
    return defaultValueDescription;
  }
  if (defaultValue === undefined) {
    return "";
  }
  return typeof defaultValue === "string"
    ? defaultValue
    : JSON.stringify(defaultValue);
}

function optionsTable(options: readonly Option[]): readonly string[] {
  return [
    "| flag | variable | default | what it does |",
    "| --- | --- | --- | --- |",
    ...options.map((option) => {
      const { flags, envVar, description, argChoices } = option;
      const variable = envVar === undefined ? "" : `\`${envVar}\``;
      const choices =
        argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
      return `| \`${cell(flags)}\` | ${variable} | ${cell(defaultOf(option))} | ${cell(description + choices)} |`;
    }),
  ];
}

function section(command: Command): readonly string[] {
  const explanation = explanationOf(command);
  const aliases = command.aliases();
  return [
    `## ${pathOf(command)}`,
    "",
    `${command.description()}${aliases.length === 0 ? "" : ` (also: \`${aliases.join("`, `")}\`)`}`,
    "",
    "```text",
    `${pathOf(command)} ${command.usage()}`,
    "```",
    "",
    ...(command.registeredArguments.length === 0
      ? []
      : [
          "| argument | what it is |",
          "| --- | --- |",
          ...command.registeredArguments.map(
            (argument) =>
              `| \`${argument.name()}\` | ${cell(argument.description)} |`,
          ),
          "",
        ]),
    ...(command.options.length === 0
      ? []
      : [...optionsTable(command.options), ""]),
    ...(explanation === "" ? [] : ["```text", explanation, "```", ""]),
  ];
}

const commands = commandsOf(program);
const serve = commands.filter((command) => command.name() === "serve");
const others = commands.filter((command) => command.name() !== "serve");

it("docs/reference/settings.md has every flag of serve", async () => {
  const [command] = serve;
  if (command === undefined) {
    throw new Error("there is no command serve");
  }
  const groups = Map.groupBy(
    command.options,
    (option) => option.helpGroupHeading,
  );
  const page = [
    "# Settings",
    "",
    "Every setting of `lockoutd serve`, as its help has it. A flag counts before its variable, and that before the default. `LOCKOUTD_ADMIN_TOKEN`",
    "has no flag, since other users of the machine can see flags: [configure the server](../how-to/configure.md) says what it does.",
    "[Limits](limits.md) says what happens above each limit.",
    "",
    ...Array.from(groups, ([heading, options]) => [
      `## ${heading?.replace(/:$/, "") ?? "Server"}`,
      "",
      ...optionsTable(options),
      "",
    ]).flat(),
    "## More",
    "",
    "```text",
    explanationOf(command),
    "```",
    "",
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/reference/settings.md");
});

it("docs/reference/command-line.md has every other command", async () => {
  const page = [
    "# Command line",
    "",
    "Every command, as its help has it (`lockoutd COMMAND --help`). `lockoutd serve` has [a page of its own](settings.md).",
    "",
    "| command | what it does |",
    "| --- | --- |",
    ...commands.map((command) => {
      const path = pathOf(command);
      const target =
        command.name() === "serve"
          ? "settings.md"
          : `#${path.replaceAll(" ", "-")}`;
      return `| [${path}](${target}) | ${cell(command.description())} |`;
    }),
    "",
    "```text",
    explanationOf(program),
    "```",
    "",
    ...others.flatMap(section),
  ].join("\n");
  await expect(page).toMatchFileSnapshot(
    "../../docs/reference/command-line.md",
  );
});
