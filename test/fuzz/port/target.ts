import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import http2 from "node:http2";
import { createInterface } from "node:readline";
import { makeTempDir } from "../../support/temp-dir.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { fuzzToken } from "./calls.ts";

/** A server in a process of its own, and what can be seen of it from outside. */
export interface FuzzTarget {
  readonly port: number;
  readonly pid: number;
  /** What must not be, in words, since it was asked last: the end of the process, faults in the log, answers with 500. */
  readonly takeFaults: () => readonly string[];
  /** Makes well-formed requests on new connections; says what was wrong with the answers. */
  readonly checkWell: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** For an answer to a well-formed request, on a machine that is busy with fuzzing. */
const answerMs = 15_000;
/** The statuses from 500 on that have a meaning to clients. */
const definedStatuses = [501, 503, 504, 505];

/** Time-outs short enough to come to pass while fuzzing. */
const flags = [
  ...["--headers-timeout", "2s", "--body-timeout", "2s"],
  ...["--stream-idle-timeout", "2s", "--idle-timeout", "3s"],
  ...["--write-stall-timeout", "2s", "--drain-timeout", "500ms"],
  ...["--shutdown-grace", "2s", "--log-level", "info"],
];

/**
 * A heap so small that what is never given back ends the process: without it V8 leaves garbage lying about for as long as the
 * machine has memory, and a leak looks like that. In MiB.
 */
const heap = ["--max-old-space-size=96"];

interface LogRecord {
  readonly level: number;
  readonly msg: string;
  readonly status?: number;
  readonly protocol?: string;
  readonly err?: { readonly message: string; readonly stack: string };
}

export async function startFuzzTarget(): Promise<FuzzTarget> {
  const directory = await makeTempDir();
  const server = await startServerProcess(
    directory.file("lockoutd.db"),
    fuzzToken,
    flags,
    heap,
  );
  const { child, url } = server;
  let faults: string[] = [];
  let closing = false;
  child.once("exit", (code, signal) => {
    if (!closing) {
      faults.push(`the process ended: ${String(code ?? signal)}`);
    }
  });
  if (child.stderr === null) {
    throw new Error("the log cannot be read");
  }
  createInterface({ input: child.stderr }).on("line", (line) => {
    const fault = describeFault(line);
    if (fault !== undefined) {
      faults.push(fault);
    }
  });
  return {
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    takeFaults: () => {
      const taken = faults;
      faults = [];
      return taken;
    },
    checkWell: async () => {
      const checks = await Promise.allSettled([
        checkHttp1(url),
        checkHttp2(url),
      ]);
      return checks.flatMap((check) =>
        check.status === "rejected"
          ? [`a well-formed request: ${String(check.reason)}`]
          : [],
      );
    },
    close: async () => {
      closing = true;
      if (child.exitCode === null && child.signalCode === null) {
        await server.stop("SIGKILL");
      }
      await directory.remove();
    },
  };
}

function describeFault(line: string): string | undefined {
  let record: LogRecord;
  try {
    record = JSON.parse(line) as LogRecord;
  } catch {
    return `on standard error: ${line}`;
  }
  if (record.level >= 50) {
    return `in the log: ${record.err?.stack ?? record.msg}`;
  }
  const { status = 0, protocol } = record;
  // Connect's library has INTERNAL for bytes that are no protobuf. What is internal here is in the log as a fault.
  const defined =
    protocol === "connect" ? [500, ...definedStatuses] : definedStatuses;
  return status >= 500 && !defined.includes(status)
    ? `answered ${status}: ${line}`
    : undefined;
}

async function checkHttp1(url: string): Promise<void> {
  const response = await fetch(`${url}/admin/v1/policies/lockout`, {
    headers: { authorization: `Bearer ${fuzzToken}`, connection: "close" },
    signal: AbortSignal.timeout(answerMs),
  });
  const text = await response.text();
  if (response.status !== 200 || !text.includes('"policy"')) {
    throw new Error(`HTTP/1.1 answered ${response.status} ${text}`);
  }
}

async function checkHttp2(url: string): Promise<void> {
  const session = http2.connect(url);
  try {
    const timeout = { signal: AbortSignal.timeout(answerMs) };
    await once(session, "connect", timeout);
    const stream = session.request({
      ":method": "POST",
      ":path": "/zitadel.admin.v1.AdminService/GetLockoutPolicy",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${fuzzToken}`,
    });
    stream.end(Buffer.alloc(5));
    const trailers = once(stream, "trailers", timeout);
    stream.resume();
    const [fields] = (await trailers) as [http2.IncomingHttpHeaders];
    if (fields["grpc-status"] !== "0") {
      throw new Error(`gRPC answered ${JSON.stringify(fields)}`);
    }
  } finally {
    session.destroy();
  }
}

/** Open files and sockets of a process, where the system tells; else undefined. */
export function countOpenFiles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Memory that a process has in RAM, in bytes, where the system tells; else undefined. */
export function residentBytes(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  } catch {
    return undefined;
  }
}
