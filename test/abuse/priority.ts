import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { findProgram, pinning } from "../../bench/support/processes.ts";

const favoured = -20;

/**
 * Has this process, and what it starts, go before the other programs of the machine, whose load shall not be measured, as far as the
 * system lets us. This process moves to the core of the load; a server is put on its own when it starts.
 */
export function favourMeasurement(): void {
  try {
    setPriority(favoured);
    const before = favourSession("self");
    // The shell that started this lives on.
    process.once("exit", () => {
      writeFileSync(sessionFile("self"), before);
    });
  } catch {
    // Only root may, and only Linux has sessions with priorities.
  }
  if (pinning) {
    spawnSync(findProgram("taskset") ?? "", ["-pc", "1", `${process.pid}`]);
  }
}

/** The same for the processes of PostgreSQL that this process has started: each connection's is a session of its own. */
export function favourDatabase(): void {
  for (const pid of below(process.pid)) {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      if (name === "postgres") {
        favourSession(pid);
      }
    } catch {
      // It has ended, or we may not.
    }
  }
}

function below(pid: number): readonly number[] {
  try {
    const file = `/proc/${pid}/task/${pid}/children`;
    const children = readFileSync(file, "utf8").split(" ").filter(Boolean);
    return children.map(Number).flatMap((child) => [child, ...below(child)]);
  } catch {
    return [];
  }
}

/**
 * Has the session of a process go before others: Linux shares the CPU between sessions first, and priorities are within a session. Returns
 * the priority that it had. Throws where the system does not let us.
 */
export function favourSession(pid: number | "self"): string {
  const file = sessionFile(pid);
  const before = /nice (-?\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? "0";
  writeFileSync(file, `${favoured}`);
  return before;
}

function sessionFile(pid: number | "self"): string {
  return `/proc/${pid}/autogroup`;
}
