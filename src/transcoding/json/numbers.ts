import { ScalarType } from "@bufbuild/protobuf";

/** The types of fields that hold whole numbers. */
export type IntegerType =
  | ScalarType.INT32
  | ScalarType.SINT32
  | ScalarType.SFIXED32
  | ScalarType.UINT32
  | ScalarType.FIXED32
  | ScalarType.INT64
  | ScalarType.SINT64
  | ScalarType.SFIXED64
  | ScalarType.UINT64
  | ScalarType.FIXED64;

// A JSON number: RFC 8259 section 6. Leading zeros, a leading plus, hexadecimal and blanks are none.
const jsonNumber = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
// No 64-bit integer has more digits than this, whatever its exponent says.
const maxIntegerDigits = 20;
/** The largest number of 32 bits. */
export const maxFloat = 3.4028234663852886e38;
// Every number of 32 bits is the nearest one to its first nine digits.
const maxFloatDigits = 9;

/**
 * Reads a whole number with all its digits from a JSON number, exponents and zero fractions included (`1e2`, `1.0`).
 *
 * @returns the number, or why there is none.
 */
export function parseInteger(type: IntegerType, text: string): bigint | string {
  const parts = jsonNumber.exec(text);
  if (parts === null) {
    return "is not a whole number";
  }
  const value = wholeNumber(
    parts[1] ?? "",
    parts[2] ?? "",
    parts[3] ?? "",
    parts[4] ?? "0",
  );
  if (value === undefined) {
    return "is not a whole number";
  }
  const [minimum, maximum] = integerRange(type);
  if (value === "too large" || value < minimum || value > maximum) {
    return `is out of range: ${minimum} to ${maximum}`;
  }
  return value;
}

/**
 * Reads a floating-point number: a JSON number, `NaN`, `Infinity` or `-Infinity`.
 *
 * @returns the number, or why there is none.
 */
export function parseFloatingPoint(
  type: ScalarType.FLOAT | ScalarType.DOUBLE,
  text: string,
): number | string {
  switch (text) {
    case "NaN":
      return Number.NaN;
    case "Infinity":
      return Number.POSITIVE_INFINITY;
    case "-Infinity":
      return Number.NEGATIVE_INFINITY;
  }
  if (!jsonNumber.test(text)) {
    return "is not a number";
  }
  const value = Number(text);
  const kept = type === ScalarType.FLOAT ? Math.fround(value) : value;
  if (!Number.isFinite(kept)) {
    return "is out of range";
  }
  return type === ScalarType.FLOAT ? shortest(kept, value) : value;
}

/** What 32 bits keep of a double, in the fewest digits that tell it from its neighbours: 0.1, not 0.10000000149. */
function shortest(kept: number, value: number): number {
  if (Object.is(kept, value)) {
    return value;
  }
  for (let digits = 1; digits < maxFloatDigits; digits++) {
    const short = Number(kept.toPrecision(digits));
    if (Math.fround(short) === kept) {
      return short;
    }
  }
  return Number(kept.toPrecision(maxFloatDigits));
}

/** True for the integer types of 64 bits, whose values ProtoJSON writes as strings. */
export function isLong(type: ScalarType): boolean {
  switch (type) {
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return true;
    default:
      return false;
  }
}

function integerRange(type: IntegerType): readonly [bigint, bigint] {
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return [-(2n ** 31n), 2n ** 31n - 1n];
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return [0n, 2n ** 32n - 1n];
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return [-(2n ** 63n), 2n ** 63n - 1n];
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return [0n, 2n ** 64n - 1n];
  }
}

/** The value of a JSON number's parts, in time that does not depend on the exponent; undefined if a fraction is left. */
function wholeNumber(
  sign: string,
  integer: string,
  fraction: string,
  exponent: string,
): bigint | "too large" | undefined {
  const digits = (integer + fraction).replace(/^0+/, "");
  if (digits === "") {
    return 0n;
  }
  const significant = withoutTrailingZeros(digits);
  const scale =
    Number(exponent) - fraction.length + (digits.length - significant.length);
  if (scale < 0) {
    return undefined;
  }
  if (significant.length + scale > maxIntegerDigits) {
    return "too large";
  }
  const value = BigInt(significant) * 10n ** BigInt(scale);
  return sign === "-" ? -value : value;
}

/** By hand: the expression `0+$` would look at every run of zeros again and again. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") {
    end--;
  }
  return digits.slice(0, end);
}
