/** A media type as in a Content-Type header; names in lower case. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly charset: string | undefined;
}

/** A range of an Accept header. */
export interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
// One expression after the other: a single one for the header could backtrack over each blank.
const essence = new RegExp(`^[ \\t]*(${token})/(${token})[ \\t]*`);
const parameter = new RegExp(
  `;[ \\t]*(?:(${token})=(${token}|"(?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*"))?[ \\t]*`,
  "y",
);
const qualityValue = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/** Parses a Content-Type by RFC 9110 section 8.3.1; undefined if it is malformed. */
export function parseMediaType(text: string): MediaType | undefined {
  const match = essence.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    return undefined;
  }
  let charset: string | undefined;
  for (let at = match[0].length; at < text.length; at = parameter.lastIndex) {
    parameter.lastIndex = at;
    const found = parameter.exec(text);
    if (found === null) {
      return undefined;
    }
    const [, name, value] = found;
    if (name?.toLowerCase() === "charset" && value !== undefined) {
      charset = value.startsWith('"')
        ? value.slice(1, -1).replace(/\\(.)/g, "$1")
        : value;
    }
  }
  return {
    type: match[1].toLowerCase(),
    subtype: match[2].toLowerCase(),
    charset: charset?.toLowerCase(),
  };
}

/**
 * Chooses among the media types that a response may have, by Accept: the highest quality, then the range that names it more
 * exactly, then the order of the offers.
 *
 * @param accept null or empty: everything is welcome. Ranges that are malformed do not count.
 * @returns undefined if every offer is excluded.
 */
export function negotiateMediaType<Offer extends string>(
  accept: string | null,
  offers: readonly Offer[],
): Offer | undefined {
  if (accept === null || accept === "*/*") {
    return offers[0];
  }
  const ranges = parseAccept(accept);
  if (ranges.length === 0) {
    return offers[0];
  }
  let best:
    | {
        readonly offer: Offer;
        readonly quality: number;
        readonly precision: number;
      }
    | undefined;
  for (const offer of offers) {
    const [type = "", subtype = ""] = offer.split("/");
    let precision = -1;
    let quality = 0;
    for (const range of ranges) {
      const exact = precisionOf(range, type, subtype);
      if (
        exact > precision ||
        (exact === precision && exact >= 0 && range.quality > quality)
      ) {
        precision = exact;
        quality = range.quality;
      }
    }
    const better =
      best === undefined ||
      quality > best.quality ||
      (quality === best.quality && precision > best.precision);
    if (quality > 0 && better) {
      best = { offer, quality, precision };
    }
  }
  return best?.offer;
}

/** The elements of a header with quality values, such as Accept-Encoding, names in lower case. */
export function parseQualityList(text: string): Map<string, number> {
  const qualities = new Map<string, number>();
  for (const element of text.split(",")) {
    const [name = "", ...rest] = element.split(";");
    if (name.trim() !== "") {
      qualities.set(name.trim().toLowerCase(), qualityOf(rest));
    }
  }
  return qualities;
}

function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const element of splitOutsideQuotes(accept)) {
    const [range = "", ...rest] = element.split(";");
    const [type, subtype, ...more] = range.trim().toLowerCase().split("/");
    if (
      type !== undefined &&
      type !== "" &&
      subtype !== undefined &&
      subtype !== "" &&
      more.length === 0
    ) {
      ranges.push({ type, subtype, quality: qualityOf(rest) });
    }
  }
  return ranges;
}

/** Splits at commas that are not within quotes; an open quote reaches to the end. */
function splitOutsideQuotes(text: string): string[] {
  if (!text.includes('"')) {
    return text.split(",");
  }
  const elements: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') {
      quoted = !quoted;
    } else if (quoted && text[i] === "\\") {
      i++;
    } else if (!quoted && text[i] === ",") {
      elements.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...elements, text.slice(start)];
}

/** 1 where no quality is given or it is malformed: then the client did at least name the thing. */
function qualityOf(given: readonly string[]): number {
  for (const parameter of given) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim().toLowerCase() === "q") {
      return qualityValue.test(value.trim()) ? Number(value) : 1;
    }
  }
  return 1;
}

/** 2 for a range that names the type, 1 for type/*, 0 for *\/*, -1 for one that leaves it out. */
function precisionOf(range: MediaRange, type: string, subtype: string): number {
  if (range.type === type) {
    return range.subtype === subtype ? 2 : range.subtype === "*" ? 1 : -1;
  }
  return range.type === "*" && range.subtype === "*" ? 0 : -1;
}
