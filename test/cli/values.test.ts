import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toTable } from "../../src/cli/terminal/output.ts";
import {
  parseBoolean,
  parseDuration,
  parseExpiry,
  parseListen,
  parseOrigins,
  parsePast,
  parseServer,
  parseTrustedProxies,
} from "../../src/cli/options/values.ts";

test.each([
  ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
  ["localhost:0", { host: "localhost", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["[fe80::1%eth0]:1", { host: "fe80::1%eth0", port: 1 }],
])("an address to listen on: %s", (text, address) => {
  expect(parseListen(text)).toEqual(address);
});

test.each([
  ["250ms", 250],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["0s", 0],
  ["12h", 43_200_000],
  ["90d", 7_776_000_000],
])("a time span: %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "s", "-1s", "1e3s", "1 s", "5S", "1d2h", "5 constructor"])(
  "no time span: %s",
  (text) => {
    expect(() => parseDuration(text)).toThrow("number with a unit");
  },
);

describe("times", () => {
  test("a span counts from now, forth or back", () => {
    const before = Date.now();
    const expiry = parseExpiry("1h");
    const past = parsePast("1h");
    const after = Date.now();
    expect(expiry).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(expiry).toBeLessThanOrEqual(after + 3_600_000);
    expect(past).toBeGreaterThanOrEqual(before - 3_600_000);
    expect(past).toBeLessThanOrEqual(after - 3_600_000);
  });

  test("the end of a token may be a day", () => {
    expect(parseExpiry("9000-01-31")).toBe(Date.UTC(9000, 0, 31));
  });

  test.each([
    ["2024-02-29T12:00:00Z", Date.UTC(2024, 1, 29, 12)],
    ["2024-02-29t12:00:00.25z", Date.UTC(2024, 1, 29, 12, 0, 0, 250)],
    ["2024-01-01T00:30:00+01:00", Date.UTC(2023, 11, 31, 23, 30)],
    ["2024-01-01 00:00:00-05:00", Date.UTC(2024, 0, 1, 5)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
  ])("RFC 3339: %s", (text, time) => {
    expect(parsePast(text)).toBe(time);
  });

  test.each([
    "2023-02-29T12:00:00Z",
    "2024-04-31T12:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-02-30",
    "2024-01-01T00:00:00",
    "2024-01-01T25:00:00Z",
    "now",
  ])("no time: %s", (text) => {
    expect(() => parsePast(text)).toThrow("Write a time");
  });

  test("every time that is printed can be read", () => {
    const seconds = fc.integer({ min: 0, max: 253_402_300_799 });
    fc.assert(
      fc.property(seconds, (second) => {
        const text = new Date(second * 1000).toISOString();
        expect(parsePast(text)).toBe(second * 1000);
      }),
    );
  });
});

test("origins", () => {
  expect(parseOrigins(" https://a.example, http://localhost:3000,")).toEqual([
    "https://a.example",
    "http://localhost:3000",
  ]);
  expect(parseOrigins("*")).toEqual(["*"]);
});

test("trusted proxies", () => {
  expect(parseTrustedProxies(" 10.0.0.0/8, ::1,")).toEqual([
    "10.0.0.0/8",
    "::1",
  ]);
  expect(() => parseTrustedProxies("10.0.0.0/8,proxy.example.com")).toThrow(
    /"proxy.example.com" is no address.*such as/,
  );
});

test("servers lose the slash at the end", () => {
  expect(parseServer("https://Host:443/")).toBe("https://host");
  expect(parseServer("http://127.0.0.1:8080")).toBe("http://127.0.0.1:8080");
});

test.each([
  ["true", true],
  ["Yes", true],
  ["1", true],
  ["FALSE", false],
  ["no", false],
  ["0", false],
])("yes or no: %s", (text, value) => {
  expect(parseBoolean(text)).toBe(value);
});

test("a name cannot steer the terminal, nor break its line", () => {
  const table = toTable(["ID", "NAME"], [["1", "a\u001b[31m\nb\u009b"]]);
  expect(table).toBe(`ID  NAME\n1   a\\u{1b}[31m\\u{a}b\\u{9b}\n`);
});
