import { expect, onTestFinished, test } from "vitest";
import { runProcess, startProcess } from "../cli/process.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { drawRecording } from "./terminal-picture.ts";
import type { Step } from "./terminal-picture.ts";

// The picture of the README is made from a real run: `npm run docs:recording` makes it anew.

/** What differs from run to run is replaced by what has the same form: ids, dates, the token and the port. */
function withoutChance(text: string): string {
  const ids = new Map<string, string>();
  return text
    .replaceAll(/\b\d{18}\b/g, (id) => {
      const known =
        ids.get(id) ?? `1164343${String(ids.size + 1).padStart(11, "0")}`;
      ids.set(id, known);
      return known;
    })
    .replaceAll(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g,
      "2026-11-24T04:02:15.927Z",
    )
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
    .replaceAll(
      /(^ {4}|Bearer )[\w-]{43}(?=$|')/gm,
      "$1the-token-of-the-administrator-is-shown-here",
    );
}

test("the picture of the README shows what a run prints", async () => {
  const directory = await makeTempDir();
  onTestFinished(directory.remove);
  const cwd = directory.path;
  const server = startProcess(["serve"], {
    cwd,
    env: { LOCKOUTD_LISTEN: "127.0.0.1:0" },
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

  const mark = "\u0000";
  const all = withoutChance(
    steps.flatMap(({ command, output }) => [command, output]).join(mark),
  ).split(mark);
  const shown = steps.map((_step, index) => ({
    command: all[2 * index] ?? "",
    output: all[2 * index + 1] ?? "",
  }));
  await expect(drawRecording(shown)).toMatchFileSnapshot(
    "../../docs/recording.svg",
  );
});
