import { canonicalAddress } from "./canonical.ts";

/** No program writes more around an address: brackets, a zone and a port. */
const longestWritten = 128;

/**
 * The canonical address in what servers and proxies write for the other end of a connection: `192.0.2.7`, `192.0.2.7:51008`,
 * `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`, each in quotes or not. Undefined where there is none, as in `unknown`.
 */
export function writtenAddress(text: string): string | undefined {
  if (text.length > longestWritten) {
    return undefined;
  }
  const [, quoted = text] = /^"(.*)"$/.exec(text) ?? [];
  const [, v6, v4] =
    /^(?:\[([^\]]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(quoted) ?? [];
  return canonicalAddress(v6 ?? v4 ?? quoted);
}

/** The first address in a list that is separated by commas, semicolons or blanks. Undefined where it has none. */
export function firstWrittenAddress(list: string): string | undefined {
  for (const [text] of list.matchAll(/[^\s,;]+/g)) {
    const address = writtenAddress(text);
    if (address !== undefined) {
      return address;
    }
  }
  return undefined;
}
