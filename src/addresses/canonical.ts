import { isIP } from "node:net";

/** An IPv6 address has at most 45 characters; the zone that may follow it could have any number, and names have 15. */
const maxAddressLength = 64;

/**
 * The one text of an IP address, so that events of the same address can be found by it: IPv6 as RFC 5952 writes it, IPv4 within
 * IPv6 (`::ffff:192.0.2.7`) as IPv4. The zone of an IPv6 address stays. Undefined where the text is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > maxAddressLength) {
    return undefined;
  }
  const version = isIP(text);
  if (version !== 6) {
    return version === 4 ? text : undefined;
  }
  const zoneStart = text.indexOf("%");
  const [address, zone] =
    zoneStart < 0
      ? [text, ""]
      : [text.slice(0, zoneStart), text.slice(zoneStart)];
  // The URL parser writes groups in lower case, without leading zeros, and `::` for the first longest run of zeros.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  return mappedAddress(groups) ?? groups + zone;
}

/** The IPv4 address within a canonical IPv6 address, if it has one. */
function mappedAddress(groups: string): string | undefined {
  const [, high, low] =
    /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(groups) ?? [];
  if (high === undefined || low === undefined) {
    return undefined;
  }
  return [high, low]
    .map((group) => parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}
