import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import {
  peakBytes,
  residentBytes,
  resetPeak,
} from "../../bench/support/memory.ts";
import { spawnPinned, stopProcess } from "../../bench/support/processes.ts";
import type { ServerNeeds } from "./attack.ts";
import { bounds } from "./bounds.ts";
import { createMemoryGroup } from "./memory-group.ts";
import { favourSession } from "./priority.ts";

const path = (relative: string) =>
  fileURLToPath(new URL(relative, import.meta.url));
const main = path("../../src/main.ts");
const certificate = path("../http/certificates/server.crt");
const key = path("../http/certificates/server.key");
const fastClock = new URL("fast-clock.ts", import.meta.url).href;

const mebibyte = 1024 ** 2;
const watchMs = 50;

/** A server under attack. */
export interface AttackedServer {
  readonly port: number;
  /** How its memory is limited, in words. */
  readonly limited: string;
  /** How it ended, if it has. */
  readonly ended: () => string | undefined;
  /** Counts the peak of its memory from now on. */
  readonly resetPeak: () => void;
  /** The most resident memory that it had since then, in bytes. */
  readonly peak: () => number;
  readonly stop: () => Promise<void>;
}

export interface ServerOptions {
  readonly database: string;
  readonly adminToken: string;
  /** The file for its standard error. */
  readonly logFile: string;
  readonly needs: ServerNeeds;
}

/**
 * Starts `lockoutd serve` on a core of its own, in a cgroup whose memory is limited. Where none can be made its heap is limited, and
 * the process is ended when its resident memory goes over the limit.
 */
export async function startAttackedServer({
  database,
  adminToken,
  logFile,
  needs,
}: ServerOptions): Promise<AttackedServer> {
  const limit = needs.memory?.limit ?? bounds.memoryLimit;
  const group = createMemoryGroup(limit * mebibyte);
  const command = [
    process.execPath,
    ...(group === undefined ? [`--max-old-space-size=${limit - 96}`] : []),
    ...(needs.clockSpeed === undefined ? [] : ["--import", fastClock]),
    ...[main, "serve", "--listen", "127.0.0.1:0", "--database"],
    database.includes("://") ? database : `sqlite:${database}`,
    ...["--default-max-password-attempts", "100"],
    ...(needs.tls === true
      ? ["--tls-cert", certificate, "--tls-key", key]
      : []),
    ...(needs.flags ?? []),
  ];
  const child = spawnPinned(
    "server",
    "sh",
    ["-c", launcher(needs.terminal === true), "sh", ...command],
    {
      env: {
        ...process.env,
        LOCKOUTD_ADMIN_TOKEN: adminToken,
        ABUSE_GROUP: group?.processes ?? "/dev/null",
        ABUSE_LOG: logFile,
        ABUSE_CLOCK_SPEED: `${needs.clockSpeed ?? 1}`,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const { stdout } = child;
  if (stdout === null) {
    throw new Error("the server could not be started");
  }
  for await (const line of createInterface({ input: stdout })) {
    const url = /listens on (\S+?),/.exec(line)?.[1];
    if (url === undefined) {
      continue;
    }
    stdout.resume();
    const pid = serverBelow(child.pid ?? 0);
    if (pid !== child.pid) {
      favourTerminal(pid);
    }
    let peak = 0;
    const look = () => {
      peak = Math.max(peak, peakBytes(pid) ?? residentBytes(pid) ?? 0);
      if (group === undefined && (residentBytes(pid) ?? 0) > limit * mebibyte) {
        child.kill("SIGKILL");
      }
    };
    const watch = setInterval(look, watchMs);
    return {
      port: Number(new URL(url).port),
      limited:
        group === undefined
          ? `heap and resident memory of ${limit} MiB`
          : `cgroup of ${limit} MiB`,
      ended: () => {
        const { exitCode, signalCode } = child;
        if (exitCode === null && signalCode === null) {
          return undefined;
        }
        return `ended: ${signalCode ?? exitCode ?? ""}`;
      },
      resetPeak: () => {
        resetPeak(pid);
        peak = 0;
      },
      peak: () => {
        look();
        return peak;
      },
      stop: async () => {
        clearInterval(watch);
        if (pid !== child.pid) {
          process.kill(pid, "SIGKILL");
        }
        await stopProcess(child, "SIGKILL");
        // The system takes a moment to see that the group is empty.
        for (let tries = 0; group !== undefined && tries < 50; tries += 1) {
          try {
            group.remove();
            break;
          } catch {
            await delay(20);
          }
        }
      },
    };
  }
  throw new Error(
    `the server ended before it listened: ${readFileSync(logFile, "utf8")}`,
  );
}

/** Gets into the group, and becomes the server; or starts it below `script`, which gives it a terminal. */
function launcher(terminal: boolean): string {
  const enter = 'echo $$ > "$ABUSE_GROUP"';
  return terminal
    ? `${enter}; exec script --quiet --return --flush --command "$*" "$ABUSE_LOG"`
    : `${enter}; exec "$@" 2>> "$ABUSE_LOG"`;
}

/** A terminal's programs are a session of their own. */
function favourTerminal(pid: number): void {
  try {
    favourSession(pid);
  } catch {
    // Only root may.
  }
}

/** The last of the processes that started one another. */
function serverBelow(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  const child = Number(children.trim().split(" ")[0]);
  return child > 0 ? serverBelow(child) : pid;
}
