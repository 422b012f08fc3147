import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findInternalErrors, kindOfAnswer } from "./answers.ts";
import { deliver } from "./deliver.ts";
import { generateInput } from "./generate.ts";
import { readInput, writeInput } from "./input.ts";
import { startFuzzTarget } from "./target.ts";
import type { FuzzTarget } from "./target.ts";

// What the fuzzer of the port kept: an input for each kind of answer, and each that was ever found to do harm.

const folder = new URL("./corpus/", import.meta.url);

let target: FuzzTarget;

beforeAll(async () => {
  target = await startFuzzTarget();
});

afterAll(async () => {
  await target.close();
});

describe("the corpus", () => {
  test("does the server no harm", async () => {
    const files = await readdir(folder);
    expect(files.length).toBeGreaterThan(50);
    const inputs = await Promise.all(
      files.map(async (file) =>
        readInput(await readFile(new URL(file, folder), "utf8")),
      ),
    );
    const answers = await Promise.all(
      inputs.map((input) => deliver(target.port, input)),
    );
    expect(await target.checkWell()).toEqual([]);
    expect(target.takeFaults()).toEqual([]);
    expect(answers.flatMap(findInternalErrors)).toEqual([]);
    // They reached the server: with silence alone the test would prove nothing.
    const kinds = answers.map(kindOfAnswer);
    expect(
      kinds.filter((kind) => kind.startsWith("h1 ")).length,
    ).toBeGreaterThan(5);
    expect(
      kinds.filter((kind) => kind.startsWith("h2 ")).length,
    ).toBeGreaterThan(5);
  });
});

test("an input is the same for the same seed, and comes back from its file", () => {
  for (let index = 0; index < 50; index += 1) {
    const input = generateInput(4711, index);
    expect(generateInput(4711, index)).toEqual(input);
    const text = writeInput(input);
    expect(readInput(text)).toEqual(input);
    expect(generateInput(4712, index)).not.toEqual(input);
  }
});

test("a server that is gone is a fault", async () => {
  const other = await startFuzzTarget();
  process.kill(other.pid, "SIGKILL");
  await expect
    .poll(() => other.takeFaults())
    .toContain("the process ended: SIGKILL");
  expect(await other.checkWell()).toHaveLength(2);
  await other.close();
});
