// Parts of RFC 3986, §3.2.2. An escape must not stand for a control character.
const unreserved = "A-Za-z0-9._~\\-";
const subDelims = "!$&'()*+;=";
const escape = "%(?![01]|7[Ff]|2[Cc])[0-9A-Fa-f]{2}";
const name = `(?:[${unreserved}${subDelims}]|${escape})*`;
const ipv6 = `[0-9A-Fa-f:.]+(?:%25(?:[${unreserved}]|${escape})+)?`;
const future = `[Vv][0-9A-Fa-f]+\\.[${unreserved}${subDelims}:]+`;
const host = `(?:\\[(?:${ipv6}|${future})\\]|${name})`;
const hostAndPort = `${host}(?::\\d{0,5})?`;
const pattern = new RegExp(
  `^(?!:?$)${hostAndPort}(?:(?:,|%2[Cc])${hostAndPort})*$`,
);

/** Most requests have the same. */
let lastAuthority: string | undefined;

/**
 * Whether a `Host` header or an `:authority` has the form `host[:port]` of RFC 3986, §3.2, or is a list of these: gRPC clients with
 * several addresses send all of them (`ipv4:10.0.0.1:80,10.0.0.2:80`). The host may be left out where there is a port, and may be
 * percent-encoded: gRPC clients escape what their own target names hold. User information is refused: no client sends it, and
 * parsers disagree about it.
 */
export function isAuthority(value: string): boolean {
  if (value === lastAuthority) {
    return true;
  }
  if (!pattern.test(value)) {
    return false;
  }
  lastAuthority = value;
  return true;
}

/** Whether two authorities name the same: letters are compared without case, and the scheme's default port may be left out. */
export function isSameAuthority(
  one: string,
  other: string,
  scheme: "http" | "https",
): boolean {
  const port = scheme === "http" ? /:(?:80)?$/ : /:(?:443)?$/;
  const comparable = (authority: string) =>
    authority.toLowerCase().replace(port, "");
  return comparable(one) === comparable(other);
}
