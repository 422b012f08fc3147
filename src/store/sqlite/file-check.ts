import { statSync } from "node:fs";
import { StoreUnavailableError } from "../store.ts";

/**
 * Makes a check that the files of an open database are still where they were, for whoever keeps it open for long: what is written
 * into a file that was deleted or replaced is gone when it is closed, and the kernel says nothing. The check throws
 * StoreUnavailableError.
 *
 * @param file the path of the database without symbolic links
 */
export function createFileCheck(file: string): () => void {
  const files = [file, `${file}-wal`, `${file}-shm`]
    .map((path) => ({ path, identity: identityOf(path) }))
    .filter(({ identity }) => identity !== undefined);
  return () => {
    for (const { path, identity } of files) {
      if (identityOf(path) === identity) continue;
      throw new StoreUnavailableError(
        `${path} was removed or replaced while it was served: put it back, or stop the server and restore a backup`,
      );
    }
  };
}

/** What a file is, whatever it is called. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
