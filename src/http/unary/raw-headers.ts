/**
 * The value of a header as web Headers would give it, without making them: several fields of one name are joined.
 *
 * @param name in lower case
 */
export function rawHeader(
  rawHeaders: readonly string[],
  name: string,
): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] ?? "";
    if (candidate.length !== name.length) continue;
    if (candidate !== name && candidate.toLowerCase() !== name) continue;
    const value = (rawHeaders[i + 1] ?? "").trim();
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}
