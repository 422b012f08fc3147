import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The folders of PATH. */
export function pathFolders(): readonly string[] {
  return (process.env["PATH"] ?? "").split(delimiter);
}

/** The full path of a program in the first of the folders that has it, or undefined. */
export function firstExecutable(
  name: string,
  folders: readonly string[],
): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
