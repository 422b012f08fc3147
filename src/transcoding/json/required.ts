import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { quote } from "../cut.ts";

/** Finds a required field that is not set, by its path in JSON names. */
export type RequiredCheck = (message: ReflectMessage) => string | undefined;

/**
 * The check of a message type for required fields (proto2, or `features.field_presence = LEGACY_REQUIRED`), below it as well.
 * Undefined where there are none, as in all of proto3. protobuf-es reads messages that lack such a field, but cannot write them.
 */
export function requiredCheck(desc: DescMessage): RequiredCheck | undefined {
  return reachesRequired(desc, new Set())
    ? (message) => missingField(message, "")
    : undefined;
}

function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function reachesRequired(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) {
    return false;
  }
  seen.add(desc);
  return desc.fields.some(
    (field) =>
      isRequired(field) ||
      (field.message !== undefined && reachesRequired(field.message, seen)),
  );
}

function missingField(
  message: ReflectMessage,
  prefix: string,
): string | undefined {
  for (const field of message.fields) {
    const path = prefix + field.jsonName;
    if (!message.isSet(field)) {
      if (isRequired(field)) {
        return path;
      }
      continue;
    }
    for (const [child, at] of children(message, field, path)) {
      const missing = missingField(child, `${at}.`);
      if (missing !== undefined) {
        return missing;
      }
    }
  }
  return undefined;
}

/** The messages that a field holds, and their paths. */
function* children(
  message: ReflectMessage,
  field: DescField,
  path: string,
): Generator<readonly [ReflectMessage, string]> {
  switch (field.fieldKind) {
    case "message":
      yield [message.get(field), path];
      break;
    case "list":
      if (field.listKind === "message") {
        let i = 0;
        for (const item of message.get(field)) {
          yield [item as ReflectMessage, `${path}[${i++}]`];
        }
      }
      break;
    case "map":
      if (field.mapKind === "message") {
        for (const [key, value] of message.get(field)) {
          yield [value as ReflectMessage, `${path}[${quote(String(key))}]`];
        }
      }
      break;
    case "scalar":
    case "enum":
  }
}
