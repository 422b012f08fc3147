import { expect, it } from "vitest";
import { canonicalAddress } from "../../src/addresses/canonical.ts";

it.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::FFFF:C000:0207", "192.0.2.7"],
  ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7%eth0", "192.0.2.7"],
  ["::ffff:0.0.0.0", "0.0.0.0"],
  ["::ffff:255.255.255.255", "255.255.255.255"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
  ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
  // Of two runs of zeros that are as long, the first; one group of zeros is no run.
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["::", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["FE80::1%Eth0", "fe80::1%Eth0"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
])("%s is %s", (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
  expect(canonicalAddress(canonical)).toBe(canonical);
});

it.each([
  "",
  "somewhere",
  "192.0.2",
  "192.0.02.7",
  "192.0.2.256",
  "0x7f.1",
  "[::1]",
  "::1/64",
  ":::",
  "1::2::3",
  " ::1",
  `fe80::1%${"e".repeat(64)}`,
])("%j is no address", (text) => {
  expect(canonicalAddress(text)).toBeUndefined();
});
