import { describe, expect, test } from "vitest";
import { toTable } from "../../src/cli/terminal/output.ts";
import { createProgram } from "../../src/cli/program.ts";
import type { Command } from "commander";

describe("a table", () => {
  const header = ["ID", "NAME", "NOTE"];
  const id = "1".repeat(18);

  test("is as wide as it is where the output is no terminal, or it fits", () => {
    const rows = [[id, "a b c", "x ".repeat(100)]];
    const table = toTable(header, rows, undefined);
    expect(table.split("\n")).toHaveLength(3);
    expect(toTable(header, rows, 1000)).toBe(table);
  });

  test("goes on below where it is wider than the terminal, with its words whole", () => {
    const table = toTable(
      header,
      [
        [id, "one two three four", "five six seven eight nine ten"],
        [id, "", "a"],
      ],
      40,
    );
    expect(table).toBe(
      [
        "ID                  NAME       NOTE",
        `${id}  one two    five six`,
        "                    three      seven",
        "                    four       eight",
        "                               nine ten",
        `${id}             a`,
        "",
      ].join("\n"),
    );
  });

  test("is a list of cells where words are too long", () => {
    expect(
      toTable(
        header,
        [
          [id, "x".repeat(70), ""],
          [id, "y", "z"],
        ],
        80,
      ),
    ).toBe(
      [
        `ID    ${id}`,
        `NAME  ${"x".repeat(70)}`,
        "",
        `ID    ${id}`,
        "NAME  y",
        "NOTE  z",
        "",
      ].join("\n"),
    );
  });
});

/** Every command, with those below it. */
function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

const program = createProgram({ out: () => undefined, err: () => undefined });

test.each(
  withSubcommands(program).map((command) => [command.name(), command] as const),
)("the help of %s fits 80 columns, and has no colour", (_name, command) => {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  expect(help.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(help).not.toContain("\u001b");
});
