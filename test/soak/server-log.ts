import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Windows } from "./windows.ts";

interface LogRecord {
  readonly level: number;
  readonly msg: string;
  readonly status?: number;
  readonly grpcStatus?: string | number;
  readonly rpc?: string;
  readonly path?: string;
  readonly durationMs?: number;
  readonly err?: { readonly type?: string; readonly message: string };
}

/** What a server said of itself over a soak. */
export interface LogCount {
  requests: number;
  /** Answers that say UNAVAILABLE while the faults explain it. */
  unavailable: number;
}

const unavailable = 14;
/** UNKNOWN, INTERNAL, DATA_LOSS: never an answer to a well-formed call. */
const unexplainable = [2, 13, 15];

/** Reads a server's log: answers from 500 on, and faults, that the disturbances do not explain go to `onViolation`. */
export function watchLog(
  child: ChildProcess,
  windows: Windows,
  count: LogCount,
  onViolation: (violation: string) => void,
): void {
  if (child.stderr === null) {
    throw new Error("the log cannot be read");
  }
  createInterface({ input: child.stderr }).on("line", (line) => {
    let record: LogRecord;
    try {
      record = JSON.parse(line) as LogRecord;
    } catch {
      onViolation(`on standard error: ${line}`);
      return;
    }
    // The lock may be gone when the last of those who waited for it is answered, and its answer is logged.
    const since = performance.now() - (record.durationMs ?? 0) - 3000;
    if (record.level >= 50) {
      const { type, message } = record.err ?? { message: record.msg };
      const explained =
        type === "StoreUnavailableError" &&
        windows.explain(since, ["locked", "ending", "killed"]);
      if (!explained) {
        onViolation(`fault in the log: ${message}`);
      }
      return;
    }
    if (record.msg !== "request") {
      return;
    }
    count.requests += 1;
    const { status = 0 } = record;
    const code = Number(record.grpcStatus ?? 0);
    if (status < 500 && code !== unavailable && !unexplainable.includes(code)) {
      return;
    }
    const isUnavailable =
      status === 503 || (status < 500 && code === unavailable);
    if (
      isUnavailable &&
      windows.explain(since, ["locked", "ending", "killed"])
    ) {
      count.unavailable += 1;
      return;
    }
    onViolation(`answered ${status}, gRPC ${code}: ${line}`);
  });
}
