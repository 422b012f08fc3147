import { isIP } from "node:net";
import { canonicalAddress } from "./canonical.ts";
import { readNetworks } from "./networks.ts";

/**
 * From where an address can be reached: `public` from everywhere; `private` from this machine or network; `special` is all else, such as
 * multicast, what is reserved, and where clouds tell machines their secrets.
 */
export type Reach = "public" | "private" | "special";

/** Where clouds tell machines their secrets, in networks that are private otherwise. */
const metadata = readNetworks([
  ...["100.100.100.200", "fd00:ec2::254", "fd20:ce::254"],
]);

/** Of this machine, or of a network of one's own. */
const privateNetworks = readNetworks([
  ...["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12"],
  ...["192.168.0.0/16", "::1/128", "fc00::/7"],
]);

/** IANA's IPv4 Special-Purpose Address Registry, as far as it does not say that a network is globally reachable; and multicast. */
const specialIpv4 = readNetworks([
  ...["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24"],
  ...["192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"],
  ...["203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
]);

/** Globally reachable within {@link specialIpv4}. */
const reachableIpv4 = readNetworks(["192.0.0.9/32", "192.0.0.10/32"]);

/** All that IANA gives to hosts: whatever else there is in IPv6 is reserved, or special. */
const unicastIpv6 = readNetworks(["2000::/3"]);

/** IANA's IPv6 Special-Purpose Address Registry within {@link unicastIpv6}: Teredo and 6to4 too, which hold an IPv4 address. */
const specialIpv6 = readNetworks([
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
]);

/** Globally reachable within {@link specialIpv6}. */
const reachableIpv6 = readNetworks([
  ...["2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32"],
  ...["2001:4:112::/48", "2001:20::/28", "2001:30::/28"],
]);

/** Of IPv4 behind a translator (RFC 6052): reached is what is in its last 32 bits. */
const translated = readNetworks(["64:ff9b::/96"]);

/** From where an address can be reached; `special` too where it is none. */
export function reachOf(text: string): Reach {
  const address = canonicalAddress(text);
  if (address === undefined || address.includes("%")) {
    return "special";
  }
  // One that is written as IPv4 within IPv6 has no good reason.
  if (isIP(text) === 6 && isIP(address) === 4) {
    return "special";
  }
  if (metadata.has(address)) {
    return "special";
  }
  if (privateNetworks.has(address)) {
    return "private";
  }
  if (isIP(address) === 4) {
    return specialIpv4.has(address) && !reachableIpv4.has(address)
      ? "special"
      : "public";
  }
  if (translated.has(address)) {
    return reachOf(lastFourBytes(address)) === "public" ? "public" : "special";
  }
  const isSpecial =
    !unicastIpv6.has(address) ||
    (specialIpv6.has(address) && !reachableIpv6.has(address));
  return isSpecial ? "special" : "public";
}

/** The last 32 bits of a canonical IPv6 address of {@link translated}, as IPv4. */
function lastFourBytes(address: string): string {
  const [, rest = ""] = address.split("::");
  const groups = rest.split(":").map((group) => parseInt(group || "0", 16));
  const [high, low] = [groups.at(-2) ?? 0, groups.at(-1) ?? 0];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
