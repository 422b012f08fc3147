import {
  type DescMessage,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";

/** JavaScript's own, which TypeScript does not know yet: https://github.com/tc39/proposal-json-parse-with-source */
const { rawJSON } = JSON as unknown as {
  readonly rawJSON: (text: string) => unknown;
};
const negativeZero = rawJSON("-0");

/** Writes JSON as text. */
export type JsonText = (json: JsonValue) => string;

/** The writer for messages of a type. `JSON.stringify` alone loses the sign of -0, which a double has. */
export function jsonText(desc: DescMessage): JsonText {
  return reachesFloatingPoint(desc, new Set())
    ? (json) => JSON.stringify(json, keepNegativeZero)
    : (json) => JSON.stringify(json);
}

function keepNegativeZero(_name: string, value: unknown): unknown {
  return Object.is(value, -0) ? negativeZero : value;
}

/** An Any may hold any type. */
function reachesFloatingPoint(
  desc: DescMessage,
  seen: Set<DescMessage>,
): boolean {
  if (seen.has(desc)) {
    return false;
  }
  seen.add(desc);
  return (
    desc.typeName === "google.protobuf.Any" ||
    desc.fields.some(
      (field) =>
        field.scalar === ScalarType.DOUBLE ||
        field.scalar === ScalarType.FLOAT ||
        (field.message !== undefined &&
          reachesFloatingPoint(field.message, seen)),
    )
  );
}
