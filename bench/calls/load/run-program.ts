import { once } from "node:events";
import { text } from "node:stream/consumers";
import { spawnPinned } from "../../support/processes.ts";

/** Runs a load generator on its core, and answers what it printed. Throws where it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
): Promise<string> {
  const child = spawnPinned("load", program, args, {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) {
    throw new Error(`${program} has no output`);
  }
  const [output, errors, [code]] = (await Promise.all([
    text(stdout),
    text(stderr),
    once(child, "exit"),
  ])) as [string, string, [number | null]];
  if (code !== 0) {
    throw new Error(`${program} failed: ${errors}${output}`);
  }
  return output;
}
