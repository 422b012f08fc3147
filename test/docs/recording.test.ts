import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { runProcess, startProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { drawRecording } from "./terminal-picture.ts";
import type { Step } from "./terminal-picture.ts";

// The picture of the README is a real run: `npm run docs:recording` (RECORD=1) makes it anew. Without that the test asks whether a run today
// prints the same.

const picture = fileURLToPath(
  new URL("../../docs/recording.svg", import.meta.url),
);

/** What is not to be seen of a run, or would only say which machine it was on: the token and the port. */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
    .replaceAll(
      /(^ {4}|Bearer )[\w-]{43}(?=$|')/gm,
      "$1the-token-of-the-administrator-is-shown-here",
    );
}

/** What differs from run to run is replaced by what has the same form: ids, in their order, and dates. */
function withoutChance(text: string): string {
  const ids = new Map<string, string>();
  return text
    .replaceAll(/\b\d{18}\b/g, (id) => {
      const known = ids.get(id) ?? String(ids.size + 1).padStart(18, "0");
      ids.set(id, known);
      return known;
    })
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "DATE");
}

test("the picture of the README shows what a run prints", async () => {
  const directory = await makeTempDir();
  onTestFinished(directory.remove);
  const cwd = directory.path;
  const server = startProcess(["serve"], {
    cwd,
    // As where it is installed: vitest is run by npm, and so the first start would say `npx lockoutd`.
    // Without the console, which may be built or not.
    env: {
      ...{ LOCKOUTD_LISTEN: "127.0.0.1:0", npm_execpath: "" },
      LOCKOUTD_CONSOLE: "false",
    },
  });
  onTestFinished(async () => {
    server.child.kill("SIGKILL");
    await server.ended;
  });
  await server.printed(/this one: lockoutd token --help\n/);
  const steps: Step[] = [
    { command: "lockoutd serve 2> lockoutd.log &", output: server.stdout() },
  ];
  const type = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runProcess(args, { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    steps.push({ command: ["lockoutd", ...args].join(" "), output: stdout });
    return stdout;
  };
  await type("policy", "set", "--max-password-attempts", "2");
  for (let failure = 1; failure <= 2; failure++) {
    const begun = await type("attempts", "begin", "--user-id", "alice");
    const attempt = /^Attempt: +(\d+)$/m.exec(begun)?.[1] ?? "";
    await type("attempts", "complete", attempt, "--outcome", "failed");
  }
  const refused = await type("attempts", "begin", "--user-id", "alice");
  expect(refused).toContain("Decision: locked");
  await type("user", "show", "alice");
  await type("user", "unlock", "alice");

  const drawn = drawRecording(
    steps.map(({ command, output }) => ({
      command,
      output: withoutSecrets(output),
    })),
  );
  if (process.env["RECORD"] === "1") {
    await writeFile(picture, drawn);
    return;
  }
  const recorded = withoutChance(await readFile(picture, "utf8"));
  expect(withoutChance(drawn), "npm run docs:recording").toBe(recorded);
});
