import { firstExecutable, pathFolders } from "../../support/executable.ts";

/** The path of a program that is on the PATH, or undefined. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = pathFolders();
  for (const name of names) {
    const found = firstExecutable(name, folders);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** Says in the test run's output what is not tested, and what would make it so. */
export function saySkipped(what: string, why: string): void {
  console.warn(`SKIPPED: ${what}: ${why}`);
}
