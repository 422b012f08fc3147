import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { runProcess, startProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { mainProgram } from "../support/main-program.ts";

// The program of each page, and what its reader types, run as they stand there. Ports alone are others.

const languages = [
  { page: "node", language: "js", file: "login.mjs", program: ["node"] },
  {
    page: "python",
    language: "python",
    file: "login.py",
    program: ["python3"],
  },
  { page: "go", language: "go", file: "login.go", program: ["go", "run"] },
] as const;

/** The blocks of a page in a language. */
function blocksOf(page: string, language: string): readonly string[] {
  const blocks = page.matchAll(
    new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"),
  );
  return Array.from(blocks, ([, text = ""]) => text);
}

function isThere(program: string): boolean {
  const argument = program === "go" ? "version" : "--version";
  return spawnSync(program, [argument]).status === 0;
}

describe.each(languages)(
  "the tutorial in $language",
  ({ page: name, language, file, program: [program, ...before] }) => {
    test.skipIf(!isThere(program))("does what it shows", async () => {
      const page = await readFile(
        new URL(`../../docs/tutorial/${name}.md`, import.meta.url),
        "utf8",
      );
      const directory = await makeTempDir();
      onTestFinished(directory.remove);
      const cwd = directory.path;
      const bash = (command: string) => ({
        cwd,
        program: [
          ...["bash", "-c"],
          command.replace(
            "npx lockoutd",
            `exec "${process.execPath}" "${mainProgram}"`,
          ),
        ] as const,
        env: { LOCKOUTD_LISTEN: "127.0.0.1:0" },
      });
      const [serve = "", makeToken = "", start = "", cleanUp = ""] = blocksOf(
        page,
        "sh",
      );
      const server = startProcess([], bash(serve));
      onTestFinished(async () => {
        server.child.kill("SIGKILL");
        await server.ended;
      });
      const [, url = ""] = await server.printed(/listens on (\S+),/);
      const token = await runProcess(
        [],
        bash(`${makeToken}printf %s "$LOCKOUTD_TOKEN"`),
      );
      const [code = ""] = blocksOf(page, language);
      await writeFile(directory.file(file), code);
      expect(start).toBe(`${[program, ...before, file].join(" ")}\n`);
      const login = startProcess([], {
        cwd,
        program: [program, ...before, file],
        env: {
          LOCKOUTD_URL: url,
          LOCKOUTD_TOKEN: token.stdout,
          PORT: "0",
        },
        group: true,
      });
      onTestFinished(async () => {
        // To the whole group: go run does not pass a signal on.
        process.kill(-(login.child.pid ?? 0), "SIGKILL");
        await login.ended;
      });
      const [, at = ""] = await login.printed(/listening on (\S+)/);
      const steps = blocksOf(page, "console").flatMap((block) =>
        block.split(/^\$ /m).slice(1),
      );
      expect(steps).toHaveLength(7);
      for (const step of steps) {
        const [command = "", ...lines] = step.split("\n");
        const typed = command.replace("http://127.0.0.1:3000", at);
        const { code: exit, stdout } = await runProcess([], bash(typed));
        expect({ command, exit, stdout }).toEqual({
          command,
          exit: 0,
          stdout: lines.join("\n"),
        });
      }
      // As Ctrl-C does.
      server.child.kill("SIGINT");
      expect(await server.ended).toBe(0);
      await runProcess([], bash(cleanUp));
      expect(await readdir(cwd)).toEqual([file]);
    });
  },
);
