import { fileURLToPath } from "node:url";
import { http1Reads, http1Connections } from "../calls.ts";
import type { Http1CallName } from "../calls.ts";
import type { Load, Target } from "./load.ts";
import { runProgram } from "./run-program.ts";

const script = fileURLToPath(new URL("wrk.lua", import.meta.url));

/** wrk, which reads policies over HTTP/1.1. */
export function createWrk(
  program: string,
  call: Http1CallName,
  { port, token }: Target,
): Load {
  const { method, path, headers, body } = http1Reads[call];
  const fields = { ...headers, authorization: `Bearer ${token}` };
  return {
    run: async (seconds) => {
      const output = await runProgram(program, [
        ...["-t", "1", "-c", `${http1Connections}`, "-d", `${seconds}s`],
        // Late answers are late, and no errors.
        ...["--timeout", "60s", "--script", script],
        ...Object.entries(fields).flatMap(([name, value]) => [
          "-H",
          `${name}: ${value}`,
        ]),
        `http://127.0.0.1:${port}${path}`,
        ...[
          "--",
          method,
          ...(body === undefined ? [] : [body.toString("hex")]),
        ],
      ]);
      const [count, micros, p50, p99, errors] =
        /^result (.*)$/m.exec(output)?.[1]?.split(" ").map(Number) ?? [];
      if (
        count === undefined ||
        micros === undefined ||
        p50 === undefined ||
        p99 === undefined ||
        errors !== 0
      ) {
        throw new Error(`wrk was not answered as it should be:\n${output}`);
      }
      return {
        requests: count,
        requestsPerSecond: (count * 1e6) / micros,
        p50Ms: p50 / 1000,
        p99Ms: p99 / 1000,
      };
    },
    stop: async () => undefined,
  };
}
