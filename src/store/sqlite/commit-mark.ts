import { readdirSync, readlinkSync, readSync } from "node:fs";

/** Where the header of the index of SQLite's write-ahead log stands, twice; every commit changes it (walformat.html, §2). */
const headerBytes = 48;

/**
 * Returns a number that changes with each commit, of this process or another: the number after a commit has returned differs from all
 * numbers before it.
 */
export type CommitMark = () => number;

/**
 * Makes the mark of an open database in WAL mode, or undefined where it cannot be had. `PRAGMA data_version` would say the same
 * everywhere, but takes two locks of the file to do so, as any read does; this is one system call.
 *
 * It reads through the descriptor that SQLite itself has of the index: to open and close that file would let go of SQLite's locks
 * on it, as POSIX has it. Only Linux tells which descriptor that is.
 *
 * @param file the path of the database without symbolic links
 */
export function createCommitMark(file: string): CommitMark | undefined {
  const descriptor = findDescriptor(`${file}-shm`);
  if (descriptor === undefined) {
    return undefined;
  }
  const words = new Int32Array(headerBytes / Int32Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(words.buffer);
  const seen = new Int32Array(words.length);
  let mark = 0;
  return () => {
    const read = readSync(descriptor, bytes, 0, headerBytes, 0);
    // What is read while another process writes it is one more state, and never the one that is seen when it has written.
    if (read < headerBytes || differ(words, seen)) {
      seen.set(words);
      mark += 1;
    }
    return mark;
  };
}

/** A mark that is read only so often. */
export interface RecentMark {
  readonly mark: CommitMark;
  /** Has the mark looked at when it is asked for next: to be called after each commit of one's own. */
  readonly forget: () => void;
}

/**
 * Looks at a mark once for all that is asked within a moment: a busy server asks many times in the time that a system call takes. A
 * commit of another process may go unnoticed for that moment after it has returned.
 *
 * @param momentMs in milliseconds
 * @param now a clock that never goes back, in milliseconds
 */
export function lookOnceAMoment(
  mark: CommitMark,
  momentMs: number,
  now: () => number,
): RecentMark {
  let current = 0;
  let until = -Infinity;
  return {
    mark: () => {
      const time = now();
      if (time >= until) {
        // Before the look: what is committed after it is at most a moment old when the mark is looked at again.
        until = time + momentMs;
        current = mark();
      }
      return current;
    },
    forget: () => {
      until = -Infinity;
    },
  };
}

function differ(one: Int32Array, other: Int32Array): boolean {
  for (let i = 0; i < one.length; i += 1) {
    if (one[i] !== other[i]) {
      return true;
    }
  }
  return false;
}

function findDescriptor(path: string): number | undefined {
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .find((descriptor) => linkOf(descriptor) === path);
  } catch {
    return undefined;
  }
}

function linkOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The one that the folder was read by is closed.
    return undefined;
  }
}
