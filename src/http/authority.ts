const pattern =
  /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=-]+)(?::\d{0,5})?$/;

/** Most requests have the same. */
let lastAuthority: string | undefined;

/**
 * Whether a `Host` header or an `:authority` has the form `host[:port]` of RFC 3986, §3.2. Percent-encoding and user
 * information are refused: no client sends them, and parsers disagree about them.
 */
export function isAuthority(value: string): boolean {
  if (value === lastAuthority) return true;
  if (!pattern.test(value)) return false;
  lastAuthority = value;
  return true;
}
