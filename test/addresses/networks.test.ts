import { expect, it } from "vitest";
import { readNetworks } from "../../src/addresses/networks.ts";

it.each([
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.8", "::1"]],
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0"]],
  ["10.1.2.3/8", ["10.255.255.255"], ["11.0.0.0"]],
  ["0.0.0.0/0", ["203.0.113.7"], ["::1"]],
  [
    "2001:db8::/32",
    ["2001:db8::1", "2001:db8:ffff::1%eth0"],
    ["2001:db9::", "10.0.0.1"],
  ],
  ["::1", ["::1"], ["::2"]],
  ["::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.0.0.0"]],
])("%s", (text, inside, outside) => {
  const networks = readNetworks([text]);
  for (const address of inside) {
    expect(networks.has(address)).toBe(true);
  }
  for (const address of [...outside, "", "somewhere"]) {
    expect(networks.has(address)).toBe(false);
  }
});

it("several hold what each of them holds, and none holds nothing", () => {
  const networks = readNetworks(["10.0.0.0/8", "::1"]);
  expect(networks.has("10.0.0.1")).toBe(true);
  expect(networks.has("::1")).toBe(true);
  expect(networks.has("11.0.0.1")).toBe(false);
  expect(readNetworks([]).has("10.0.0.1")).toBe(false);
});

it.each([
  "",
  "somewhere",
  "10.0.0.0/33",
  "::/129",
  "10.0.0.0/",
  "10.0.0/8",
  "::ffff:0:0/95",
  "fe80::1%eth0",
])("%j is refused by name", (text) => {
  expect(() => readNetworks(["10.0.0.0/8", text])).toThrow(`"${text}"`);
});
