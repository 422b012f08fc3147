import { runCommand } from "../../src/cli/run.ts";

/** What a command led to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process. */
export async function run(...args: readonly string[]): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const code = await runCommand(args, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}

/** How many characters the longest line of a text has. */
export function widestOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}
