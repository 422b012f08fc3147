import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvRecord, readCsvLine } from "../../src/cli/users/csv.ts";

test.each([
  ["a,b", ["a", "b"]],
  ["", [""]],
  [",", ["", ""]],
  ['"a,b",c', ["a,b", "c"]],
  ['"a ""b""",""', ['a "b"', ""]],
  [" a , b ", [" a ", " b "]],
])("%s", (line, cells) => {
  expect(readCsvLine(line, ",").map(({ text }) => text)).toEqual(cells);
});

test("what is empty in quotes is told from what is not there", () => {
  expect(readCsvLine(',""', ",")).toEqual([
    { text: "", quoted: false },
    { text: "", quoted: true },
  ]);
});

test("a field in quotes goes on over lines, which end as they did", () => {
  const record = new CsvRecord(";");
  expect(record.read('a;"b', "\r\n")).toBeUndefined();
  expect(record.read("", "\n")).toBeUndefined();
  expect(record.read('c";d', "\n")?.map(({ text }) => text)).toEqual([
    "a",
    "b\r\n\nc",
    "d",
  ]);
});

test.each([
  ['a"b', /quote is within/],
  ['"a"b', /text follows/],
  ['"a', /does not end/],
])("%s is malformed", (line, message) => {
  expect(() => readCsvLine(line, ",")).toThrow(message);
});

test("whatever a writer puts in quotes is read as it was", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary" }), { minLength: 1 }),
      (cells) => {
        const lines = cells
          .map((cell) => `"${cell.replaceAll('"', '""')}"`)
          .join("\t")
          .split("\n");
        const record = new CsvRecord("\t");
        const last = lines.pop() ?? "";
        for (const line of lines) {
          expect(record.read(line, "\n")).toBeUndefined();
        }
        expect(record.read(last, "")?.map(({ text }) => text)).toEqual(cells);
      },
    ),
  );
});
