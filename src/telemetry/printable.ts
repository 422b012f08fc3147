/**
 * What may steer a terminal, or change how a line reads: control characters (C0, DEL, C1), invisible and bidirectional format
 * characters, line and paragraph separators.
 */
const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same without C0, which JSON has escaped, and which ends the line. */
const steeringInJson = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text for a terminal: what could steer it is written as `\u{…}`. Names and paths come from whoever may call the API. */
export function printable(text: string): string {
  return text.replaceAll(
    steering,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );
}

/** The same for several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

const del = 0x7f;

/** The bytes of {@link printableJson} of lines of a log: nearly all are ASCII, which is found many times quicker. */
export function printableJsonBytes(lines: string): Buffer {
  const bytes = Buffer.from(lines);
  return bytes.length === lines.length && !bytes.includes(del)
    ? bytes
    : Buffer.from(printableJson(lines));
}

/** JSON that means the same, and that a terminal shows as it is: what could steer it is written as `\uXXXX`. */
export function printableJson(json: string): string {
  return json.replaceAll(steeringInJson, (character) =>
    // In UTF-16, as JSON has it: a character beyond the first plane is two.
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
