import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program that is on the PATH, or undefined. */
export function findProgram(...names: readonly string[]): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  return names
    .flatMap((name) => directories.map((directory) => join(directory, name)))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Says in the test run's output what is not tested, and what would make it so. */
export function saySkipped(what: string, why: string): void {
  console.warn(`SKIPPED: ${what}: ${why}`);
}
