const standard = /^[A-Za-z0-9+/]*(={0,2})$/;
const urlSafe = /^[A-Za-z0-9_-]*(={0,2})$/;

/**
 * Decodes base64 in the standard or the URL-safe alphabet (not both at once), with its padding or without.
 *
 * @returns undefined for anything else. Node's own decoder skips what it does not know.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const match = standard.exec(text) ?? urlSafe.exec(text);
  if (match === null) {
    return undefined;
  }
  const padding = match[1]?.length ?? 0;
  const complete = padding > 0 ? text.length % 4 === 0 : text.length % 4 !== 1;
  return complete ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
}
