import { BlockList, isIP } from "node:net";
import { canonicalAddress } from "./canonical.ts";

/** A set of addresses. */
export interface Networks {
  /** Whether an address, in its canonical form, is in one of the networks. */
  has(address: string): boolean;
}

/**
 * Reads addresses and networks: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
 *
 * @throws RangeError that names the text which is neither.
 */
export function readNetworks(texts: readonly string[]): Networks {
  if (texts.length === 0) {
    return { has: () => false };
  }
  const list = new BlockList();
  for (const text of texts) {
    add(list, text);
  }
  return {
    has: (address) => {
      const version = isIP(address);
      // A zone says by which interface of this machine, and is no part of a network.
      const [plain = ""] = address.split("%", 1);
      return version !== 0 && list.check(plain, familyOf(version));
    },
  };
}

function add(list: BlockList, text: string): void {
  const [, written = "", bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(written);
  const most = version === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  const address = canonicalAddress(written);
  if (address === undefined || length > most) {
    throw new RangeError(`"${text}" is no address and no network`);
  }
  // IPv4 within IPv6 is IPv4, and its network has 96 bits fewer.
  const isMapped = version === 6 && isIP(address) === 4;
  if (isMapped && length < 96) {
    throw new RangeError(
      `"${text}" holds other addresses than IPv4: write the network as IPv4`,
    );
  }
  list.addSubnet(
    address,
    isMapped ? length - 96 : length,
    familyOf(isIP(address)),
  );
}

function familyOf(version: number): "ipv4" | "ipv6" {
  return version === 4 ? "ipv4" : "ipv6";
}
