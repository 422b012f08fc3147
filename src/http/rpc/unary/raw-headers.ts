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
    if (candidate.length !== name.length) {
      continue;
    }
    if (candidate !== name && candidate.toLowerCase() !== name) {
      continue;
    }
    const value = stripped(rawHeaders[i + 1] ?? "");
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** Without blanks and tabs around it; nothing else is stripped from the value of a header (RFC 9110, §5.5). */
function stripped(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) {
    start += 1;
  }
  while (end > start && isBlank(value.charCodeAt(end - 1))) {
    end -= 1;
  }
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
