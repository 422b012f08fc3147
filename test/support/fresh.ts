import { globSync, statSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Whether a file that was made of others is there, and none of them was changed since. A pattern that finds folders sees what was removed from them. */
export function isFresh(made: string, sources: readonly string[]): boolean {
  const madeAt = changedAt(made);
  return globSync(sources, { cwd: root }).every(
    (source) => changedAt(resolve(root, source)) < madeAt,
  );
}

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
