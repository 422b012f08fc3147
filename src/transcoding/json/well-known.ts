import type { DescField, DescMessage } from "@bufbuild/protobuf";
import {
  protoCamelCase,
  protoSnakeCase,
  type ReflectMessage,
} from "@bufbuild/protobuf/reflect";

/** The messages that ProtoJSON writes in a form of their own, and how the transcoder treats them. */
export type WellKnownKind =
  | "timestamp"
  | "duration"
  | "field-mask"
  | "wrapper"
  | "struct"
  | "value"
  | "list-value"
  | "any";

const wrappers = new Set([
  "google.protobuf.DoubleValue",
  "google.protobuf.FloatValue",
  "google.protobuf.Int64Value",
  "google.protobuf.UInt64Value",
  "google.protobuf.Int32Value",
  "google.protobuf.UInt32Value",
  "google.protobuf.BoolValue",
  "google.protobuf.StringValue",
  "google.protobuf.BytesValue",
]);

/** Which well-known type a message is, or undefined for a message with ordinary fields. */
export function wellKnownKind(desc: DescMessage): WellKnownKind | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return "timestamp";
    case "google.protobuf.Duration":
      return "duration";
    case "google.protobuf.FieldMask":
      return "field-mask";
    case "google.protobuf.Struct":
      return "struct";
    case "google.protobuf.Value":
      return "value";
    case "google.protobuf.ListValue":
      return "list-value";
    case "google.protobuf.Any":
      return "any";
    default:
      return wrappers.has(desc.typeName) ? "wrapper" : undefined;
  }
}

/** True for a message that is one word of text in ProtoJSON, and so may stand in a path or a query. */
export function isTextMessage(desc: DescMessage): boolean {
  switch (wellKnownKind(desc)) {
    case "timestamp":
    case "duration":
    case "field-mask":
    case "wrapper":
      return true;
    default:
      return false;
  }
}

/** True for those of {@link isTextMessage} of which a query may hold several, by repeated keys: a list of masks means nothing. */
export function isRepeatableText(desc: DescMessage): boolean {
  return isTextMessage(desc) && wellKnownKind(desc) !== "field-mask";
}

/** The field of a wrapper that holds its value. */
export function wrappedField(
  desc: DescMessage,
): (DescField & { fieldKind: "scalar" }) | undefined {
  const field = desc.fields[0];
  return field?.fieldKind === "scalar" ? field : undefined;
}

const timestampText =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;
const durationText = /^-?([0-9]{1,12})(?:\.[0-9]{1,9})?s$/;
const maxDurationSeconds = 315_576_000_000;
const firstTimestamp = Date.parse("0001-01-01T00:00:00Z");
const lastTimestamp = Date.parse("9999-12-31T23:59:59Z");

/**
 * Checks the text of a Timestamp against RFC 3339 and the calendar: JavaScript would take 30 February for 2 March.
 *
 * @returns why it is not one, or undefined.
 */
export function timestampFault(text: string): string | undefined {
  const parts = timestampText.exec(text);
  if (parts === null) {
    return "is not an RFC 3339 time such as 2024-01-31T12:00:00Z";
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map(Number);
  const sign = parts[7] === "-" ? -1 : 1;
  const offsetHours = Number(parts[8] ?? 0);
  const offsetMinutes = Number(parts[9] ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day;
  if (
    !exists ||
    hour > 23 ||
    minute > 59 ||
    second > 59 ||
    offsetHours > 23 ||
    offsetMinutes > 59
  ) {
    return "is a time that does not exist";
  }
  date.setUTCHours(hour, minute, second);
  const time =
    date.getTime() - sign * (offsetHours * 60 + offsetMinutes) * 60_000;
  return time < firstTimestamp || time > lastTimestamp
    ? "is outside of the years 1 to 9999"
    : undefined;
}

/** Checks the text of a Duration: seconds with up to nine decimals and an `s`. @returns why it is not one, or undefined. */
export function durationFault(text: string): string | undefined {
  const parts = durationText.exec(text);
  if (parts === null) {
    return "is not a duration in seconds such as 1.5s";
  }
  return Number(parts[1]) > maxDurationSeconds
    ? "is longer than 10,000 years"
    : undefined;
}

const secondsNumber = 1;
const nanosNumber = 2;
const maxNanos = 999_999_999;

/** Checks a message that was filled part by part: a Timestamp or Duration of parts may be none. @returns why, or undefined. */
export function partsFault(message: ReflectMessage): string | undefined {
  const part = (number: number): number => {
    const field = message.fields.find((one) => one.number === number);
    return field === undefined ? 0 : Number(message.get(field));
  };
  switch (wellKnownKind(message.desc)) {
    case "timestamp": {
      const milliseconds = part(secondsNumber) * 1000;
      const nanos = part(nanosNumber);
      if (milliseconds < firstTimestamp || milliseconds > lastTimestamp) {
        return "makes a time outside of the years 1 to 9999";
      }
      return nanos < 0 || nanos > maxNanos
        ? `is out of range: 0 to ${maxNanos}`
        : undefined;
    }
    case "duration": {
      const seconds = part(secondsNumber);
      const nanos = part(nanosNumber);
      if (Math.abs(seconds) > maxDurationSeconds) {
        return "makes a duration that is longer than 10,000 years";
      }
      if (Math.abs(nanos) > maxNanos) {
        return `is out of range: ${-maxNanos} to ${maxNanos}`;
      }
      return seconds * nanos < 0
        ? "has another sign than the other part of the duration"
        : undefined;
    }
    default:
      return undefined;
  }
}

// What a path may be beyond names of fields, such as the `*` of AIP-134, is left to the method.
const maskPath = /^[^_.,\s]+(?:\.[^_.,\s]+)*$/;

/** Checks the text of a FieldMask: lowerCamelCase paths, separated by commas. @returns why it is not one, or undefined. */
export function fieldMaskFault(text: string): string | undefined {
  if (text === "") {
    return undefined;
  }
  for (const path of text.split(",")) {
    if (!maskPath.test(path) || protoCamelCase(protoSnakeCase(path)) !== path) {
      return "is not a list of paths in lowerCamelCase, separated by commas";
    }
  }
  return undefined;
}
