import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "../../src/cli/users/lines.ts";
import type { Line } from "../../src/cli/users/lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let from = 0; from < bytes.length; from += size) {
    yield bytes.subarray(from, from + size);
  }
}

async function linesOf(text: string, size = 7, maxBytes = 1000) {
  const lines: Line[] = [];
  for await (const line of readLines(
    chunksOf(Buffer.from(text), size),
    maxBytes,
  )) {
    lines.push(line);
  }
  return lines;
}

test("lines end with a line feed, or a carriage return before it, or the file", async () => {
  expect(await linesOf("a\n\r\nb\rc\r\nd")).toEqual([
    { number: 1, text: "a", end: "\n" },
    { number: 2, text: "", end: "\r\n" },
    { number: 3, text: "b\rc", end: "\r\n" },
    { number: 4, text: "d", end: "" },
  ]);
  expect(await linesOf("")).toEqual([]);
});

test("a line that is too long has no text, and the next one has its own", async () => {
  expect(await linesOf(`${"x".repeat(100)}\n12345\n123456\n`, 7, 5)).toEqual([
    { number: 1, text: undefined, end: "\n" },
    { number: 2, text: "12345", end: "\n" },
    { number: 3, text: undefined, end: "\n" },
  ]);
});

test("a byte order mark at the start is none of the first line, and counts for nothing", async () => {
  for (const size of [1, 2, 3, 7]) {
    expect(await linesOf("\ufeff12345\n\ufeff6\n", size, 5)).toEqual([
      { number: 1, text: "12345", end: "\n" },
      { number: 2, text: "\ufeff6", end: "\n" },
    ]);
    expect(await linesOf("\ufeff", size)).toEqual([]);
    expect(await linesOf("é", size)).toEqual([
      { number: 1, text: "é", end: "" },
    ]);
  }
});

test("wherever a file is cut into pieces, its lines are the same", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "ä", "\u{1f600}", "\n", "\r")),
      fc.integer({ min: 1, max: 5 }),
      async (characters, size) => {
        const text = characters.join("");
        const lines = await linesOf(text, size);
        expect(lines.map((line) => (line.text ?? "") + line.end).join("")).toBe(
          text,
        );
      },
    ),
  );
});
