import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderStyles, style } from "../../src/cli/terminal/style.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";
import { runProcess, startProcess } from "./process.ts";
import { mainProgram } from "../support/main-program.ts";

const terminal = { isTTY: true, hasColors: () => true };
const red = "\u001b[31m";

describe("a style", () => {
  test("is a sequence of the terminal once it is rendered, and no control character before", () => {
    const text = style("bad", "locked", terminal);
    expect(text).not.toMatch(/\p{Cc}/u);
    expect(renderStyles(`a ${text} b`)).toBe(`a ${red}locked\u001b[39m b`);
  });

  test.each([
    ["a pipe", {}],
    ["a terminal without colours", { isTTY: true, hasColors: () => false }],
  ])("is left out on %s", (_what, stream) => {
    expect(style("bad", "locked", stream)).toBe("locked");
  });

  test("cannot be written by somebody else", () => {
    const forged = "\ufdd0bad:locked\ufdd1";
    expect(renderStyles(forged)).toBe(forged);
  });
});

// A terminal of its own: script (util-linux).
const hasScript =
  process.platform === "linux" && spawnSync("script", ["-V"]).status === 0;

describe.skipIf(!hasScript)("on a terminal", () => {
  let directory: TempDir;

  /** What a terminal receives, whatever variables the one has that runs the test. */
  async function onTerminal(line: string, variables = "TERM=xterm-256color") {
    const command = `stty cols 100; ${variables} "${process.execPath}" "${mainProgram}" ${line}`;
    const unset = ["CI", "NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS"];
    const { stdout } = await runProcess(
      [
        ...unset.flatMap((name) => ["-u", name]),
        ...["script", "-qc", command, "/dev/null"],
      ],
      { cwd: directory.path, program: ["env"] },
    );
    return stdout;
  }

  beforeAll(async () => {
    directory = await makeTempDir();
    const cwd = directory.path;
    const server = startProcess(["serve", "--listen", "127.0.0.1:0"], { cwd });
    await server.printed(/listens on/);
    server.child.kill("SIGTERM");
    await server.ended;
    await runProcess(["user", "add", "a\u001b[31m", "--state", "locked"], {
      cwd,
    });
  });

  afterAll(async () => {
    await directory.remove();
  });

  test("table heads, states and errors have colours, and names of others have none", async () => {
    expect(await onTerminal("user list")).toMatch(/^\u001b\[1mID .*ALIASES/);
    const shown = await onTerminal("user show $(printf 'a\\033[31m')");
    expect(shown).toContain(`State:    ${red}locked`);
    expect(shown).toContain("a\\u{1b}[31m");
    expect(shown.split(red)).toHaveLength(2);
    expect(await onTerminal("user show nobody")).toContain(`${red}lockoutd:`);
    expect(await onTerminal("user shw")).toContain(`${red}lockoutd:`);
    expect(await onTerminal("doctor")).toContain("\u001b[32mok");
  });

  test.each([
    ["with NO_COLOR", "user list", "TERM=xterm NO_COLOR=1"],
    ["on a dumb terminal", "user list", "TERM=dumb"],
    ["in JSON", "user list --output json", "TERM=xterm"],
    ["in an export", "user export", "TERM=xterm"],
    ["in a pipe", "user list | cat", "TERM=xterm FORCE_COLOR=1"],
  ])("there is no colour %s", async (_what, line, variables) => {
    const shown = await onTerminal(line, variables);
    expect(shown).toContain("[31m");
    expect(shown).not.toContain("\u001b");
  });
});
