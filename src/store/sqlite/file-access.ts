import { chmodSync, closeSync, openSync, statSync } from "node:fs";

/** The permissions of all but the owner and the group: read, write, search. */
const others = 0o007;

/** Read and write, for the owner alone. */
const ownerOnly = 0o600;

/**
 * Removes the permissions of all but the owner and the group from the files of a database. Those of the group stay, since an operator may
 * want another user to make backups. A file that is not there, or not ours, stays as it is.
 */
export function closeToOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    setMode(file, (mode) => mode & ~others);
  }
}

/**
 * Creates a file for the owner alone, whatever the umask, and corrects the mode of an existing one. It never opens an existing file: closing
 * it would drop the locks that this process has on it.
 */
export function createOwnerOnly(path: string): void {
  try {
    closeSync(openSync(path, "wx", ownerOnly));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") {
      throw error;
    }
  }
  setMode(path, () => ownerOnly);
}

/** Gives a file another mode, where it is there and ours. */
function setMode(path: string, change: (mode: number) => number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    return;
  }
  const mode = found.mode & 0o7777;
  const wanted = change(mode);
  if (wanted === mode) {
    return;
  }
  try {
    chmodSync(path, wanted);
  } catch (error) {
    if (codeOf(error) !== "EPERM" && codeOf(error) !== "EROFS") {
      throw error;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The identity of a file, whatever its name; undefined where there is none. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
