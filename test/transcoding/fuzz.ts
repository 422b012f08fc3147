/**
 * Looks for inputs that the matcher, the query binder or the body reader crash or hang on, for as long as it is told.
 *
 * usage: fuzz [--seconds N] [--seed N] [--iteration N]
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

/** What a worker is told. */
export interface FuzzTask {
  readonly seed: number;
  readonly first: number;
  readonly last: number;
  /** Where the worker writes the iteration that it is at. */
  readonly progress: SharedArrayBuffer;
}

/** An iteration takes about a millisecond. */
const hangMs = 10_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    iteration: { type: "string" },
  },
});
const seed = Number(values.seed);
const only =
  values.iteration === undefined ? undefined : Number(values.iteration);
const progress = new SharedArrayBuffer(8);
const task: FuzzTask = {
  seed,
  first: only ?? 0,
  last: only === undefined ? Number.MAX_SAFE_INTEGER : only + 1,
  progress,
};
const at = new BigInt64Array(progress);
at[0] = -1n;

const worker = new Worker(new URL("./fuzz-worker.ts", import.meta.url), {
  workerData: task,
});
const end = (message: string, code: number): void => {
  clearInterval(watch);
  process.stdout.write(`${message}\n`);
  process.exitCode = code;
  void worker.terminate();
};

const started = performance.now();
let seen = -1n;
let since = started;
const watch = setInterval(() => {
  const now = performance.now();
  const current = Atomics.load(at, 0);
  if (current !== seen || current === -1n) {
    seen = current;
    since = now;
  } else if (now - since > hangMs) {
    end(`hangs at seed ${seed}, iteration ${current}`, 1);
    return;
  }
  if (now - started > Number(values.seconds) * 1000) {
    end(`${current + 1n} iterations of seed ${seed}: no crash, no hang`, 0);
  }
}, 100);

worker.on("error", (error) => {
  console.error(error);
  end("a crash", 1);
});
worker.on("exit", () => {
  clearInterval(watch);
});
