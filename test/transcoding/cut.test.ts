import { describe, expect, test } from "vitest";
import { cut, quote } from "../../src/transcoding/cut.ts";

describe("a text that repeats what was sent", () => {
  test.each([
    ["is left as it is where it is short", "x".repeat(200), "x".repeat(200)],
    ["is cut where it is long", "x".repeat(201), `${"x".repeat(200)}…`],
    [
      "is cut by its bytes, between characters",
      "漢".repeat(100),
      `${"漢".repeat(66)}…`,
    ],
    [
      "is not cut within a pair of surrogates",
      "😀".repeat(100),
      `${"😀".repeat(50)}…`,
    ],
    [
      "is well-formed where it is cut",
      "\ud800x".repeat(200),
      `${"\ufffdx".repeat(50)}…`,
    ],
  ])("%s", (_name, text, expected) => {
    expect(cut(text)).toBe(expected);
  });

  test("is cut before it is escaped", () => {
    expect(quote("\u0001".repeat(1_000_000))).toBe(
      `"${"\\u0001".repeat(200)}…"`,
    );
  });
});
