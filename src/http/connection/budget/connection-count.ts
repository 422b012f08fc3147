import { isIPv6 } from "node:net";
import type { HttpLimits } from "../../limits.ts";

/** Counts the connections, those of each client address too. */
export class ConnectionCount {
  readonly #counts = new Map<string, number>();
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #isTrusted: (address: string) => boolean;
  #total = 0;

  /** @param isTrusted of proxies, whose connections are of many clients: they count among all only */
  constructor(
    {
      maxConnections,
      maxConnectionsPerAddress,
    }: Pick<HttpLimits, "maxConnections" | "maxConnectionsPerAddress">,
    isTrusted: (address: string) => boolean,
  ) {
    this.#max = maxConnections;
    this.#maxPerAddress = maxConnectionsPerAddress;
    this.#isTrusted = isTrusted;
  }

  /** Counts a connection; returns false, and does not count it, where there are too many in all or from its address. */
  enter(address: string): boolean {
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (
      (this.#max > 0 && this.#total >= this.#max) ||
      (this.#maxPerAddress > 0 &&
        count >= this.#maxPerAddress &&
        !this.#isTrusted(address))
    ) {
      return false;
    }
    this.#counts.set(key, count + 1);
    this.#total += 1;
    return true;
  }

  leave(address: string): void {
    this.#total -= 1;
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count <= 1) {
      this.#counts.delete(key);
    } else {
      this.#counts.set(key, count - 1);
    }
  }
}

/** An IPv4 address, or the /64 network of an IPv6 address: that much is handed to one customer. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped?.[1] !== undefined) {
    return mapped[1];
  }
  if (!isIPv6(address)) {
    return address;
  }
  const [front = "", back] = address.split("::", 2);
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const rest = back === "" ? 0 : back.split(":").length;
    while (groups.length < 8 - rest) {
      groups.push("0");
    }
  }
  return groups.slice(0, 4).join(":");
}
