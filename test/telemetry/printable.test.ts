import { expect, test } from "vitest";
import {
  printable,
  printableJson,
  printableLines,
} from "../../src/telemetry/printable.ts";

/** All that could steer a terminal: C0, DEL, C1, separators, bidirectional and other invisible characters. */
const steering = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(code)),
  ...Array.from({ length: 33 }, (_, i) => String.fromCodePoint(0x7f + i)),
  ...Array.from(
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\u{e0001}",
  ),
];

test("a text cannot steer the terminal", () => {
  for (const character of steering) {
    expect(printable(`a${character}b`)).toMatch(/^a\\u\{[0-9a-f]+\}b$/);
  }
  expect(printable("Größe 東京 \\u{9b}")).toBe("Größe 東京 \\u{9b}");
});

test("several lines stay lines", () => {
  expect(printableLines("a\u009b\nb\r\n")).toBe("a\\u{9b}\nb\\u{d}\n");
});

test("JSON means the same, and cannot steer the terminal", () => {
  const value = { [steering.join("")]: `${steering.join("a")} Größe 東京` };
  for (const space of [0, 2]) {
    const json = printableJson(JSON.stringify(value, null, space));
    expect(JSON.parse(json)).toEqual(value);
    expect(json).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
    expect(json).toContain("Größe 東京");
  }
});
