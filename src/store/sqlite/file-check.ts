import { StoreUnavailableError } from "../store.ts";
import { identityOf } from "./file-access.ts";
import type { ServerLock } from "./server-lock.ts";

/**
 * Makes a check that the files of an open database still exist under their names. Writes to a file that was deleted or replaced succeed,
 * and are lost when it is closed. The check throws StoreUnavailableError, also where another server has locked the database after the lock's
 * file was removed.
 *
 * @param file the path of the database without symbolic links
 */
export function createFileCheck(
  file: string,
  lock: ServerLock | undefined,
): () => void {
  const files = [file, `${file}-wal`, `${file}-shm`]
    .map((path) => ({ path, identity: identityOf(path) }))
    .filter(({ identity }) => identity !== undefined);
  return () => {
    for (const { path, identity } of files) {
      if (identityOf(path) === identity) {
        continue;
      }
      throw new StoreUnavailableError(
        `${path} was removed or replaced while it was served: put it back, or stop the server and restore a backup`,
      );
    }
    if (lock?.holds() === false) {
      throw new StoreUnavailableError(
        `${file}.lock was removed while ${file} was served, and another server has locked it since: stop one of the two`,
      );
    }
  };
}
