/** How many bits of an address are its network. */
export interface Prefixes {
  readonly ipv4: number;
  readonly ipv6: number;
}

/**
 * The network of an address, as one text for all its addresses: `192.0.2.0/24`, `2001:db8:0:0:0:0:0:0/64`.
 *
 * @param address canonical: IPv4 within IPv6 is IPv4. The zone of an IPv6 address is no part of its network
 */
export function networkOf(address: string, prefixes: Prefixes): string {
  const [plain = ""] = address.split("%", 1);
  return plain.includes(":")
    ? ipv6Network(plain, prefixes.ipv6)
    : ipv4Network(plain, prefixes.ipv4);
}

function ipv4Network(address: string, prefix: number): string {
  const bytes = address.split(".").map(Number);
  return `${cut(bytes, 8, prefix).join(".")}/${prefix}`;
}

function ipv6Network(address: string, prefix: number): string {
  const [head = [], tail = []] = address
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":")));
  const zeros = Array.from(
    { length: Math.max(8 - head.length - tail.length, 0) },
    () => "0",
  );
  const groups = [...head, ...zeros, ...tail].map((group) =>
    parseInt(group, 16),
  );
  const kept = cut(groups, 16, prefix).map((group) => group.toString(16));
  return `${kept.join(":")}/${prefix}`;
}

/** The first bits of what consists of parts of so many bits; all others are 0. */
function cut(
  parts: readonly number[],
  bits: number,
  prefix: number,
): readonly number[] {
  return parts.map((part, place) => {
    const kept = Math.min(Math.max(prefix - place * bits, 0), bits);
    const unit = 2 ** (bits - kept);
    return Math.floor(part / unit) * unit;
  });
}
