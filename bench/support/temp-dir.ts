import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs with a directory of its own, on a disk, that is removed after. */
export async function withTempDir<T>(
  parent: string | undefined,
  run: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(parent ?? tmpdir(), "lockoutd-bench-"));
  // PostgreSQL runs as another user, and has to get to its directory in here.
  chmodSync(directory, 0o755);
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes a directory in another one. */
export function subDirectory(parent: string, name: string): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  return directory;
}
