/** How much of a caller's text an error repeats, in bytes: enough to recognise it. */
const maxQuoteBytes = 200;

/**
 * Length of an error message, in bytes. Escaped in `grpc-message`, and repeated in `grpc-status-details-bin`, it keeps the trailers under
 * 4 KiB. Most clients accept 8 KiB of metadata, and an HTTP/2 frame has 16 KiB.
 */
export const maxMessageBytes = 512;

const encoder = new TextEncoder();
const scratch = new Uint8Array(maxMessageBytes);

/**
 * A text that a caller may have sent, as an error may repeat it. Cut it before anything else is made of it: what is escaped and joined first
 * costs as much as it is long.
 */
export function cut(text: string, maxBytes = maxQuoteBytes): string {
  // A UTF-16 unit has three bytes at most.
  if (text.length * 3 <= maxBytes) {
    return text;
  }
  const { read } = encoder.encodeInto(
    text.slice(0, maxBytes),
    scratch.subarray(0, maxBytes),
  );
  return read === text.length ? text : `${text.slice(0, read).toWellFormed()}…`;
}

/** The same in quotation marks, with control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(cut(text));
}
