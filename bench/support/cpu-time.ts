import { readFileSync, readdirSync } from "node:fs";

// The clock of /proc/PID/stat counts hundredths of a second on every Linux (USER_HZ).
const ticksPerSecond = 100;

/**
 * The CPU time, in seconds, that a process and all below it have used, with those of theirs that have ended and
 * been waited for. Undefined where the system does not say (no /proc).
 */
export function cpuSeconds(pid: number): number | undefined {
  const own = ticksOf(pid);
  if (own === undefined) {
    return undefined;
  }
  const below = childrenOf(pid).map((child) => cpuSeconds(child) ?? 0);
  return own / ticksPerSecond + below.reduce((sum, one) => sum + one, 0);
}

function ticksOf(pid: number): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything; user, system, and the same of ended children are fields 14 to 17.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      (readProc(`/proc/${pid}/task/${task}/children`) ?? "")
        .split(" ")
        .filter((child) => child !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not Linux, or the process has ended.
    return undefined;
  }
}
