/** How the escapes of a variable that spans segments are decoded. */
export type MultiSegmentDecoding =
  /** All but `%2F`, which stays as it was written (`google/api/http.proto`). The default. */
  | "keep-slash"
  /** All but the reserved characters of RFC 6570 (google.api.Http without fully_decode_reserved_expansion). */
  | "keep-reserved"
  /** All. */
  | "all";

const escape = /%([0-9A-Fa-f]{2})/g;
const unreserved = /[A-Za-z0-9\-._~]/;
const slashEscape = /(%2[Ff])/;
// ":/?#[]@!$&'()*+,;=", RFC 3986 section 2.2.
const reservedEscape = /(%(?:2[1346789AaBbCcFf]|3[AaBbDdFf]|40|5[BbDd]))/;

/**
 * Brings a literal of a template, or a segment of a path, into one spelling: unreserved characters decoded, hexadecimal
 * digits in upper case (RFC 3986 section 6.2.2). Nothing else is decoded.
 */
export function normaliseLiteral(text: string): string {
  if (!text.includes("%")) {
    return text;
  }
  return text.replace(escape, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : escaped.toUpperCase();
  });
}

/** Decodes all escapes, or gives undefined for a malformed escape and for bytes that are not UTF-8. */
export function decodeAll(text: string): string | undefined {
  if (!text.includes("%")) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Decodes the value of a variable that spans segments. The text was checked by {@link decodeAll} before. */
export function decodeMultiSegment(
  text: string,
  decoding: MultiSegmentDecoding,
): string {
  if (!text.includes("%")) {
    return text;
  }
  switch (decoding) {
    case "all":
      return decodeURIComponent(text);
    case "keep-slash":
      return decodeBetween(text, slashEscape);
    case "keep-reserved":
      return decodeBetween(text, reservedEscape);
  }
}

/** Decodes what stands between the escapes that `kept` matches. With its capture group, split() gives those at odd places. */
function decodeBetween(text: string, kept: RegExp): string {
  return text
    .split(kept)
    .map((part, i) => (i % 2 === 1 ? part : decodeURIComponent(part)))
    .join("");
}
