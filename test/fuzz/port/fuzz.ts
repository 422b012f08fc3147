/**
 * Writes what no client should to the port of a real server, for as long as it is told: HTTP/1.1, HTTP/2, gRPC, gRPC-Web and
 * Connect, right or nearly so. The process must live, answer others meanwhile, log no fault, answer no 500, and give back what
 * it took.
 *
 * usage: fuzz:port [--seconds N] [--seed N] [--input N] [--replay FILE] [--collect DIRECTORY]
 *
 * `--input` makes one input of the seed again; `--replay` takes one that was kept. `--collect` keeps an input for each kind of
 * answer.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findInternalErrors, kindOfAnswer } from "./answers.ts";
import { deliver } from "./deliver.ts";
import { generateInput } from "./generate.ts";
import { readInput, writeInput } from "./input.ts";
import type { PortInput } from "./input.ts";
import { countOpenFiles, residentBytes, startFuzzTarget } from "./target.ts";
import type { FuzzTarget } from "./target.ts";

const batchSize = 40;
/** Memory that may stay after all connections are gone: what V8 keeps, and the caches. */
const allowanceBytes = 192 * 1024 * 1024;
const settleMs = 60_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    input: { type: "string" },
    replay: { type: "string" },
    collect: { type: "string" },
  },
});
const seed = Number(values.seed);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Delivers some inputs at once; says what was wrong. */
async function runBatch(
  target: FuzzTarget,
  inputs: readonly PortInput[],
): Promise<{
  readonly answers: readonly Buffer[];
  readonly faults: readonly string[];
}> {
  const answers = await Promise.all(
    inputs.map((input) => deliver(target.port, input)),
  );
  const unwell = await target.checkWell();
  const internal = answers.flatMap(findInternalErrors);
  return { answers, faults: [...target.takeFaults(), ...unwell, ...internal] };
}

/** Finds which inputs of a batch do it alone, each on a server of its own. */
async function report(
  inputs: readonly PortInput[],
  faults: readonly string[],
  first: number,
): Promise<void> {
  say(
    `\nfound with --seed ${seed}, inputs ${first} to ${first + inputs.length - 1}:`,
  );
  for (const fault of new Set(faults)) {
    say(`  ${fault}`);
  }
  const directory = mkdtempSync(join(tmpdir(), "lockoutd-fuzz-"));
  for (const [index, input] of inputs.entries()) {
    const alone = await startFuzzTarget();
    const { faults: again } = await runBatch(alone, [input]);
    await alone.close();
    if (again.length === 0) {
      continue;
    }
    const file = join(directory, `${seed}-${first + index}.json`);
    writeFileSync(file, writeInput(input));
    say(`  input ${first + index} does it alone: --replay ${file}`);
    for (const fault of again) {
      say(`    ${fault}`);
    }
  }
}

/** Waits until the server has closed what was opened; says what stays. */
async function settle(
  target: FuzzTarget,
  before: {
    readonly files: number | undefined;
    readonly bytes: number | undefined;
  },
): Promise<readonly string[]> {
  const until = performance.now() + settleMs;
  let files = countOpenFiles(target.pid);
  while (Number(files) > Number(before.files) && performance.now() < until) {
    await delay(250);
    files = countOpenFiles(target.pid);
  }
  const bytes = residentBytes(target.pid);
  const faults: string[] = [];
  if (Number(files) > Number(before.files)) {
    faults.push(`${Number(files)} open files, ${Number(before.files)} before`);
  }
  if (Number(bytes) - Number(before.bytes) > allowanceBytes) {
    faults.push(
      `${Number(bytes)} bytes of memory, ${Number(before.bytes)} before`,
    );
  }
  say(
    `open files ${String(before.files)} before, ${String(files)} after; ` +
      `memory ${mebibytes(before.bytes)} MiB before, ${mebibytes(bytes)} MiB after`,
  );
  return faults;
}

const mebibytes = (bytes = NaN) => Math.round(bytes / 1024 ** 2);

async function replay(input: PortInput): Promise<number> {
  const target = await startFuzzTarget();
  const { answers, faults } = await runBatch(target, [input]);
  await target.close();
  say(`answer: ${answers.map((answer) => answer.toString("latin1")).join("")}`);
  for (const fault of faults) {
    say(fault);
  }
  return faults.length;
}

async function fuzz(
  seconds: number,
  collect: string | undefined,
): Promise<number> {
  const until = performance.now() + seconds * 1000;
  const target = await startFuzzTarget();
  await target.checkWell();
  const before = {
    files: countOpenFiles(target.pid),
    bytes: residentBytes(target.pid),
  };
  const kinds = new Map<string, number>();
  let first = 0;
  let faults: readonly string[] = [];
  while (performance.now() < until && faults.length === 0) {
    const inputs = Array.from({ length: batchSize }, (_value, index) =>
      generateInput(seed, first + index),
    );
    const batch = await runBatch(target, inputs);
    faults = batch.faults;
    if (faults.length > 0) {
      await report(inputs, faults, first);
    }
    for (const [index, answer] of batch.answers.entries()) {
      const kind = kindOfAnswer(answer);
      const input = inputs[index];
      if (collect !== undefined && !kinds.has(kind) && input !== undefined) {
        writeFileSync(
          join(collect, `${seed}-${first + index}.json`),
          writeInput(input),
        );
      }
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    first += inputs.length;
  }
  if (faults.length === 0) {
    faults = await settle(target, before);
    for (const fault of faults) {
      say(`found with --seed ${seed}: ${fault}`);
    }
  }
  await target.close();
  say(
    `seed ${seed}: ${first} inputs, ${kinds.size} kinds of answers, ${faults.length} faults`,
  );
  return faults.length;
}

const count =
  values.replay !== undefined
    ? await replay(readInput(readFileSync(values.replay, "utf8")))
    : values.input !== undefined
      ? await replay(generateInput(seed, Number(values.input)))
      : await fuzz(Number(values.seconds), values.collect);
process.exitCode = count === 0 ? 0 : 1;
