import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnPinned } from "./processes.ts";

/** Where a server writes its log. */
export interface LogPipe {
  /** For the `stdio` of the server's process. */
  readonly descriptor: number;
  /** To be called once the server has the descriptor: its end is the log's end from then on. */
  close(): void;
}

/**
 * A pipe that another process reads to its end, as those of service managers and containers do: to write there costs a server more than
 * `/dev/null` does.
 */
export function openLogPipe(): LogPipe {
  const directory = mkdtempSync(join(tmpdir(), "lockoutd-log-"));
  const path = join(directory, "log");
  execFileSync("mkfifo", [path]);
  // What tells of faults is shown.
  spawnPinned("load", "grep", ["-v", '"level":"info"', path], {
    stdio: ["ignore", process.stderr, "inherit"],
  });
  // Waits until the reader has opened its end.
  const descriptor = openSync(path, "w");
  rmSync(directory, { recursive: true });
  return {
    descriptor,
    close: () => {
      closeSync(descriptor);
    },
  };
}
