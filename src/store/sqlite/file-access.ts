import { chmodSync, closeSync, openSync, statSync } from "node:fs";

/** What others than the owner and the group may do with a file: read, write, search. */
const others = 0o007;

/** Read and write, for the owner alone. */
const ownerOnly = 0o600;

/**
 * Takes away what others may do with the files of a database. What the group may do stays, since an operator may want
 * backups to be made by somebody else. A file that is not there, or not ours, stays as it is.
 */
export function closeToOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    setMode(file, (mode) => mode & ~others);
  }
}

/**
 * Makes a file for the owner alone, whatever the umask, and mends the mode of one that is there. Never opens that one: to
 * close a file drops the locks that this process has on it.
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

/** What a file is, whatever it is called; undefined where there is none. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
