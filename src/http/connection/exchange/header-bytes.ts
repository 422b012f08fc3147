/** What a field counts beside its name and value, in bytes, as in HTTP/2 (RFC 9113, §6.5.2). */
const fieldBytes = 32;

/** The part of a header that the fixed amount for each request covers, in bytes. */
const smallHeaderBytes = 1024;

/** Measured memory for each byte beyond that: the text, the tables of its fields, and what the parser keeps. */
const costOfByte = 3;

/**
 * How large a header is, in bytes.
 *
 * @param target of the request, where it is not among the fields
 * @param rawHeaders names and values by turns
 */
export function headerBytes(
  target: string,
  rawHeaders: readonly string[],
): number {
  let bytes = target.length + (fieldBytes * rawHeaders.length) / 2;
  for (const text of rawHeaders) {
    bytes += text.length;
  }
  return bytes;
}

/** What a header takes in memory beyond what every request is counted as, in bytes. */
export function headerCost(bytes: number): number {
  return costOfByte * Math.max(0, bytes - smallHeaderBytes);
}
