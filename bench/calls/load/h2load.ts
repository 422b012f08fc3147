import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quantile } from "../../support/statistics.ts";
import { connections, inFlight, paths } from "../calls.ts";
import type { Load, LoadResult, Target } from "./load.ts";
import { runProgram } from "./run-program.ts";

export interface H2load extends Load {
  /** Makes so many requests. */
  runCount(requests: number): Promise<void>;
}

/** An empty message, with the five bytes that gRPC puts before it. */
const emptyFrame = Buffer.alloc(5);

/**
 * h2load, which reads policies by gRPC.
 *
 * @param directory where its files are
 * @param answerBytes the bytes of a right answer: errors of gRPC come with status 200, but without a message
 */
export function createH2load(
  program: string,
  directory: string,
  { port, token }: Target,
  answerBytes: number,
): H2load {
  const body = join(directory, "request");
  const log = join(directory, "h2load.log");
  writeFileSync(body, emptyFrame);
  const start = async (args: readonly string[]) => {
    const output = await runProgram(program, [
      ...args,
      ...["-c", `${connections}`, "-m", `${inFlight / connections}`],
      ...["-d", body],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      ...["-H", `authorization: Bearer ${token}`],
      `http://127.0.0.1:${port}${paths.read}`,
    ]);
    checkAnswers(output, answerBytes);
  };
  return {
    run: async (seconds) => {
      // It appends to a log that is there.
      writeFileSync(log, "");
      await start(["-D", `${seconds}`, "--log-file", log]);
      return readLog(readFileSync(log, "latin1"));
    },
    runCount: (requests) => start(["-n", `${requests}`]),
    stop: async () => undefined,
  };
}

/** Throws unless every answer was the wanted one. */
function checkAnswers(output: string, answerBytes: number): void {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? NaN);
  const failed = number(/(\d+) failed/);
  const ok = number(/(\d+) 2xx/);
  const data = number(/\((\d+)\) data/);
  // At its end it drops the requests that are on their way, whose parts count.
  const missing = ok - data / answerBytes;
  if (failed === 0 && Math.abs(missing) <= inFlight) {
    return;
  }
  throw new Error(`h2load was not answered as it should be:\n${output}`);
}

/** Lines of start in µs, status, duration in µs. */
function readLog(log: string): LoadResult {
  const lines = log.split("\n").slice(0, -1);
  const durations = new Float64Array(lines.length);
  let first = Infinity;
  let last = 0;
  for (const [place, line] of lines.entries()) {
    const [start, , duration] = line.split("\t").map(Number);
    if (start === undefined || duration === undefined) {
      throw new Error(`h2load logged ${line}`);
    }
    durations[place] = duration;
    first = Math.min(first, start);
    last = Math.max(last, start + duration);
  }
  durations.sort();
  return {
    requests: durations.length,
    requestsPerSecond: (durations.length * 1e6) / (last - first),
    p50Ms: quantile(durations, 0.5) / 1000,
    p99Ms: quantile(durations, 0.99) / 1000,
  };
}
