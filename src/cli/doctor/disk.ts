import {
  closeSync,
  fdatasyncSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Finding } from "./finding.ts";

const mebibyte = 1024 ** 2;
/** Less room is used up by a night of attacks. */
const scarceBytes = 1024 * mebibyte;
/** Less may be used up by the log of writes alone. */
const fullBytes = 100 * mebibyte;
/** A login waits for two syncs, and all that wait share them: above this, people notice. */
const slowSyncMs = 20;
const syncs = 15;
const pageBytes = 4096;

/** Looks at the room on the disk of a database file, and at how long a sync takes beside it. @throws Error of the file system */
export async function lookAtDisk(
  databasePath: string,
): Promise<Omit<Finding, "about">> {
  const directory = dirname(resolve(databasePath));
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const syncMs = medianSyncMs(directory);
  const text = `${Math.floor(free / mebibyte)} MiB free in ${directory}, a sync takes ${syncMs.toFixed(1)} ms`;
  if (free < scarceBytes) {
    return {
      level: free < fullBytes ? "problem" : "warning",
      text,
      advice:
        "make room: attempts are refused when the disk is full; lockoutd backup copies a database to another disk",
    };
  }
  return syncMs > slowSyncMs
    ? {
        level: "warning",
        text,
        advice:
          "put the database on a local SSD: each login waits for two syncs, and network disks are slow at them",
      }
    : { level: "ok", text };
}

/** Appends pages to a file of its own, as a commit does, and takes it away. */
function medianSyncMs(directory: string): number {
  const path = join(directory, `.lockoutd-doctor-${process.pid}`);
  const file = openSync(path, "wx", 0o600);
  try {
    const page = Buffer.alloc(pageBytes);
    const times = Array.from({ length: syncs }, () => {
      const from = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - from;
    });
    return times.sort((a, b) => a - b)[Math.floor(syncs / 2)] ?? 0;
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
