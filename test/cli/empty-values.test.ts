import type { Command } from "commander";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { needsText } from "../../src/cli/options/empty-values.ts";
import { createProgram } from "../../src/cli/program.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { run } from "./command.ts";
import { startProcess } from "./process.ts";
import { serveDatabase } from "./served-database.ts";

const program = createProgram({ out: () => undefined, err: () => undefined });

function commandsOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

const commands = commandsOf(program);

/** How the command is called, with something for each argument that it must have. */
function callOf(command: Command): readonly string[] {
  const path: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) {
    path.unshift(at.name());
  }
  return path;
}

function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments
    .filter(({ required }) => required)
    .map(() => "x");
}

const options = commands.flatMap((command) =>
  command.options
    .filter(({ required, optional }) => required || optional)
    .map((option) => ({ command, option })),
);

test("an empty value of any option is an error of usage, however it is written", async () => {
  const strict = options.filter(({ option }) => needsText(option));
  expect(strict.length).toBeGreaterThan(100);
  for (const { command, option } of strict) {
    const flag = option.long ?? "";
    const call = [...callOf(command), ...argumentsOf(command)];
    for (const values of [[flag, ""], [`${flag}=`], [flag, " "]]) {
      const { code, stdout, stderr } = await run(...call, ...values);
      const said = /is empty: write a value|is invalid/.test(stderr);
      expect({ call, values, code, stdout, said }).toEqual({
        ...{ call, values, code: 2, stdout: "", said: true },
      });
    }
  }
});

test("options that may be empty only describe, or have a parser that refuses what is empty", () => {
  const lenient = options.filter(({ option }) => !needsText(option));
  expect(
    lenient.map(({ command, option }) =>
      [...callOf(command), option.long].join(" "),
    ),
  ).toEqual([
    "token create --name",
    "service-account create --name",
    "service-account update --name",
    "user unlock --note",
    "user unlock --ticket",
    "user import --delimiter",
  ]);
});

test("an empty argument of any command is an error of usage", async () => {
  const taking = commands.filter(
    ({ registeredArguments: { length } }) => length > 0,
  );
  expect(taking.length).toBeGreaterThan(10);
  for (const command of taking) {
    const call = callOf(command);
    const all = command.registeredArguments.map(() => "");
    const { code, stdout, stderr } = await run(
      ...[
        ...call,
        ...all,
        ...(command.name() === "complete" ? ["--outcome", "failed"] : []),
      ],
    );
    const said = /is empty: write a value|is invalid/.test(stderr);
    expect({ call, code, stdout, said }).toEqual({
      ...{ call, code: 2, stdout: "", said: true },
    });
  }
});

describe("of users who are locked", () => {
  const { onDatabase } = serveDatabase();

  beforeAll(async () => {
    for (const id of ["a", "b"]) {
      await run("user", "add", id, ...onDatabase());
      await run("user", "lock", id, ...onDatabase());
    }
  });

  test.each([
    ["--address", ""],
    ["--prefix", ""],
    ["--prefix", " "],
    ["--login-name", ""],
    ["--user-id", ""],
    ["--reason", "administrator", "--prefix", ""],
    ["--reason", "administrator", "--address="],
    [""],
  ])("none is unlocked by %j %j %j %j", async (...args) => {
    const on = onDatabase();
    expect(await run("user", "unlock", ...args, ...on)).toMatchObject({
      ...{ code: 2, stdout: "" },
    });
    const { stdout } = await run("user", "list", "--locked", ...on);
    expect(stdout.trim().split("\n")).toHaveLength(3);
  });
});

test("an empty variable is none: the server starts as it does without any", async () => {
  const directory = await makeTempDir();
  onTestFinished(directory.remove);
  const names = new Set(options.map(({ option }) => option.envVar ?? ""));
  names.delete("");
  expect(names.size).toBeGreaterThan(30);
  const started = [];
  for (const env of [
    {},
    Object.fromEntries([...names].map((name) => [name, ""])),
    Object.fromEntries([...names].map((name) => [name, " "])),
  ]) {
    const server = startProcess(["serve", "--listen", "127.0.0.1:0"], {
      ...{ cwd: directory.path, env },
    });
    const [line] = await server.printed(/listens on .*/);
    started.push(line.replace(/:\d+,/, ""));
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  }
  expect(new Set(started).size).toBe(1);
});
