import { expect, it } from "vitest";
import {
  firstWrittenAddress,
  writtenAddress,
} from "../../src/addresses/written.ts";

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["203.0.113.7:51008", "203.0.113.7"],
  ["2001:db8::1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ['"[2001:DB8:0:0::1]:443"', "2001:db8::1"],
  ["[::ffff:192.0.2.7]:80", "192.0.2.7"],
  ["[fe80::1%eth0]:80", "fe80::1%eth0"],
  // An obfuscated port of RFC 7239.
  ["192.0.2.43:_x-1", "192.0.2.43"],
])("%s holds %s", (text, address) => {
  expect(writtenAddress(text)).toBe(address);
});

it.each([
  "",
  "unknown",
  "_hidden",
  "203.0.113.7:",
  "203.0.113.7:510080",
  "[2001:db8::1",
  "2001:db8::1]:443",
  "[]",
  "example.com:80",
  '"203.0.113.7',
  `[::1%${"e".repeat(200)}]`,
])("%j holds none", (text) => {
  expect(writtenAddress(text)).toBeUndefined();
});

it.each([
  ["203.0.113.7, 198.51.100.1", "203.0.113.7"],
  ["unknown, 198.51.100.1", "198.51.100.1"],
  [" 203.0.113.7\t", "203.0.113.7"],
  ["unknown;[2001:db8::1]:443", "2001:db8::1"],
  [",,", undefined],
])("the first of %j is %s", (list, address) => {
  expect(firstWrittenAddress(list)).toBe(address);
});
