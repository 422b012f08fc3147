import pg from "pg";

/** A value that a statement is given. */
export type Value = One | readonly One[];
type One = string | number | boolean | Uint8Array | null;

// PostgreSQL's texts can have every character but U+0000; SQLite's can have that too. The last code point, a noncharacter, is
// an escape here.
const escape = "\u{10ffff}";

function toText(text: string): string {
  return text.includes("\0") || text.includes(escape)
    ? text.replaceAll(escape, `${escape}1`).replaceAll("\0", `${escape}0`)
    : text;
}

function fromText(text: string): string {
  return text.includes(escape)
    ? text.replaceAll(`${escape}0`, "\0").replaceAll(`${escape}1`, escape)
    : text;
}

/** A value as it is sent: in PostgreSQL's text format, or as bytes. */
export function toParameter(value: Value): string | Buffer | null {
  if (Array.isArray(value)) {
    return `{${(value as readonly One[]).map(toElement).join(",")}}`;
  }
  return toScalar(value as One);
}

function toScalar(value: One): string | Buffer | null {
  if (typeof value === "string") {
    return toText(value);
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value === null ? null : String(value);
}

function toElement(value: One): string {
  if (typeof value === "string") {
    return `"${toText(value).replaceAll(/["\\]/g, "\\$&")}"`;
  }
  if (value instanceof Uint8Array) {
    return `"\\\\x${Buffer.from(value).toString("hex")}"`;
  }
  return value === null ? "NULL" : String(value);
}

type TypeParsers = (
  oid: number,
  format?: "text" | "binary",
) => (text: string) => unknown;

/** Returns the parser of a type. All our integers are below 2^53. */
export const typeParser: TypeParsers = (oid, format) => {
  const { INT8, TEXT } = pg.types.builtins;
  if (oid === (INT8 as number)) {
    return Number;
  }
  if (oid === (TEXT as number)) {
    return fromText;
  }
  return (pg.types.getTypeParser as TypeParsers)(oid, format);
};
