import { expect, it } from "vitest";
import { canonicalAddress } from "../../src/addresses/canonical.ts";
import { networkOf } from "../../src/lockout/policy/network.ts";

it.each([
  ["192.0.2.77", "192.0.2.77/32"],
  ["192.0.2.77", "192.0.2.0/24"],
  ["192.0.2.77", "192.0.2.64/26"],
  ["255.255.255.255", "255.0.0.0/8"],
  ["2001:db8::1", "2001:db8:0:0:0:0:0:0/64"],
  ["2001:db8:0:1:ffff::1", "2001:db8:0:1:0:0:0:0/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6/128"],
  ["2001:dbf::", "2001:d00:0:0:0:0:0:0/24"],
  ["::", "0:0:0:0:0:0:0:0/64"],
  ["fe80::1%eth0", "fe80:0:0:0:0:0:0:0/64"],
  // IPv4 within IPv6 is IPv4.
  ["::ffff:192.0.2.77", "192.0.2.0/24"],
  ["64:ff9b::192.0.2.77", "64:ff9b:0:0:0:0:c000:240/122"],
])("%s is of %s", (written, network) => {
  const address = canonicalAddress(written) ?? "";
  const bits = Number(network.split("/")[1]);
  expect(networkOf(address, { ipv4: bits, ipv6: bits })).toBe(network);
});
