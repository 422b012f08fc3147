import type { Networks } from "./networks.ts";
import { writtenAddress } from "./written.ts";

/** What proxies say in a request's header of whom it comes from. Fields of one name are joined, in their order. */
export interface ForwardedFields {
  /** `Forwarded` (RFC 7239). */
  readonly forwarded: string | undefined;
  /** `X-Forwarded-For`. */
  readonly forwardedFor: string | undefined;
}

/**
 * The address that a request comes from: that of the connection, unless a trusted proxy has it. Each proxy adds on the right whom it was
 * connected with, so the list is read from there, and only as far as proxies are trusted: whatever a client wrote stands further left.
 *
 * A proxy passes the field on that it does not write. Where both are there and disagree, one is the client's: neither is believed.
 *
 * @param peer the canonical address of the connection
 * @param trusted proxies that are believed
 * @returns a canonical address
 */
export function forwardedAddress(
  peer: string,
  { forwarded, forwardedFor }: ForwardedFields,
  trusted: Networks,
): string {
  if (!trusted.has(peer)) {
    return peer;
  }
  const byForwarded =
    forwarded === undefined
      ? undefined
      : follow(peer, forwarded, forParameter, trusted);
  const byForwardedFor =
    forwardedFor === undefined
      ? undefined
      : follow(peer, forwardedFor, writtenAddress, trusted);
  const address = byForwarded ?? byForwardedFor ?? peer;
  return byForwardedFor === undefined || byForwardedFor === address
    ? address
    : peer;
}

function follow(
  peer: string,
  list: string,
  read: (element: string) => string | undefined,
  trusted: Networks,
): string {
  let client = peer;
  for (const element of fromTheRight(list)) {
    if (element === "") {
      continue;
    }
    const address = read(element);
    // `unknown`, or a name that the proxy has made up: the last one that is known is the proxy.
    if (address === undefined) {
      return client;
    }
    client = address;
    if (!trusted.has(address)) {
      return client;
    }
  }
  return client;
}

/** The elements of a list, the last one first. Commas within quotes do not count, nor quotes that a client has left open. */
function* fromTheRight(list: string): Generator<string> {
  let end = list.length;
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    if (list[at] === '"' && !(isQuoted && isEscaped(list, at))) {
      isQuoted = !isQuoted;
    } else if (list[at] === "," && !isQuoted) {
      yield list.slice(at + 1, end).trim();
      end = at;
    }
  }
  yield list.slice(0, end).trim();
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") {
    backslashes += 1;
  }
  return backslashes % 2 === 1;
}

const parameter =
  /\s*([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*(?:;|$)/y;

/** The address in the parameter `for` of an element of Forwarded. Undefined where it is malformed, or has not one of it. */
function forParameter(element: string): string | undefined {
  let found: string | undefined;
  parameter.lastIndex = 0;
  while (parameter.lastIndex < element.length) {
    const match = parameter.exec(element);
    if (match === null) {
      return undefined;
    }
    const [, name = "", value = ""] = match;
    if (name.toLowerCase() !== "for") {
      continue;
    }
    if (found !== undefined) {
      return undefined;
    }
    found = value;
  }
  return found === undefined ? undefined : writtenAddress(found);
}
