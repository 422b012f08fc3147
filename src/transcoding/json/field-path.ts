import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import {
  reflect,
  type ReflectMessage,
  scalarEquals,
} from "@bufbuild/protobuf/reflect";
import { equals } from "@bufbuild/protobuf";
import { type LeafReader, leafReader } from "./leaf.ts";
import { partsFault, wellKnownKind } from "./well-known.ts";

/** The way from a request message down to one field. */
export interface FieldPath {
  /** Names as in the proto file, joined by dots: one spelling for each field. */
  readonly name: string;
  /** Message fields, and at the end the field itself. Never empty. */
  readonly fields: readonly [...DescField[], DescField];
  readonly leaf: DescField;
}

/** A field path that ends in a field which one word of text can hold. */
export interface TextFieldPath extends FieldPath {
  readonly read: LeafReader;
}

/** Why a text does not name a field. */
export type FieldPathFault =
  /** A step names no field, or steps into something that has none. */
  | "unknown"
  /** Names a field that is no text: a message, a map, a list of them, or a part of Struct, Value, ListValue or Any. */
  | "no-text";

/** How names of fields are spelled. */
export type FieldNames = "proto" | "proto-or-json";

const fieldsByName = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();
const fieldsByProtoName = new WeakMap<
  DescMessage,
  ReadonlyMap<string, DescField>
>();

/** The fields of a message by name; looked up often, so they are kept. */
export function namedFields(
  desc: DescMessage,
  names: FieldNames,
): ReadonlyMap<string, DescField> {
  const cache = names === "proto" ? fieldsByProtoName : fieldsByName;
  let fields = cache.get(desc);
  if (fields === undefined) {
    const named = new Map<string, DescField>();
    for (const field of desc.fields) {
      named.set(field.name, field);
    }
    if (names === "proto-or-json") {
      // Where one field's JSON name is the proto name of another, the JSON name wins.
      for (const field of desc.fields) {
        named.set(field.jsonName, field);
      }
    }
    fields = named;
    cache.set(desc, fields);
  }
  return fields;
}

/** Finds the field that a dotted text names. */
export function resolveFieldPath(
  desc: DescMessage,
  text: string,
  names: FieldNames,
): TextFieldPath | FieldPathFault {
  const steps = text.split(".");
  const fields: DescField[] = [];
  let message: DescMessage | undefined = desc;
  for (const [i, step] of steps.entries()) {
    const isLast = i === steps.length - 1;
    const field: DescField | undefined =
      message === undefined ? undefined : namedFields(message, names).get(step);
    if (field === undefined || message === undefined) {
      return "unknown";
    }
    switch (wellKnownKind(message)) {
      case "struct":
      case "value":
      case "list-value":
      case "any":
        return "no-text";
      case "wrapper":
        // The value of a wrapper is the wrapper: one place, one name. A request that is a wrapper has no other place.
        if (fields.length === 0) {
          fields.push(field);
        }
        break;
      default:
        fields.push(field);
    }
    switch (field.fieldKind) {
      case "message":
        message = field.message;
        break;
      case "map":
        return "no-text";
      case "list":
        // Of a list of messages only those that are one word of text can be given, each as a whole.
        if (field.listKind === "message" && !isLast) {
          return "no-text";
        }
        message = undefined;
        break;
      default:
        message = undefined;
    }
  }
  const leaf = fields.pop();
  const read = leaf === undefined ? undefined : leafReader(leaf);
  if (leaf === undefined || read === undefined) {
    return "no-text";
  }
  const name = [...fields, leaf].map((field) => field.name).join(".");
  return { name, fields: [...fields, leaf], leaf, read };
}

/** True if one path is the other, or leads through it: both then speak of the same value. */
export function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** The oneof that already holds another member, met on the way to a field. */
export interface OneofConflict {
  readonly oneof: DescOneof;
  readonly present: DescField;
}

/** Sets a field, creating the messages on the way; adds to a list. Nothing is set where a oneof has another member already. */
export function assign(
  message: ReflectMessage,
  path: FieldPath,
  value: unknown,
): OneofConflict | undefined {
  let target = message;
  for (const field of path.fields) {
    const conflict = oneofConflict(target, field);
    if (conflict !== undefined) {
      return conflict;
    }
    if (field === path.leaf) {
      break;
    }
    if (field.fieldKind !== "message") {
      return undefined;
    }
    if (target.isSet(field)) {
      target = target.get(field);
    } else {
      const child = reflect(field.message);
      target.set(field, child);
      target = child;
    }
  }
  if (path.leaf.fieldKind === "list") {
    target.get(path.leaf).add(value);
  } else {
    target.set(path.leaf, value);
  }
  return undefined;
}

/** Why the message that holds a field is not one that can be, after the field was set: a part of a Timestamp or a Duration. */
export function faultOfMessage(
  message: ReflectMessage,
  path: FieldPath,
): string | undefined {
  let target = message;
  for (const field of path.fields) {
    if (field === path.leaf || field.fieldKind !== "message") {
      break;
    }
    target = target.get(field);
  }
  return partsFault(target);
}

/** True if the field at the end of a singular path has the value. */
export function holds(
  message: ReflectMessage,
  path: FieldPath,
  value: unknown,
): boolean {
  let target = message;
  for (const field of path.fields) {
    if (field === path.leaf) {
      break;
    }
    if (field.fieldKind !== "message" || !target.isSet(field)) {
      return false;
    }
    target = target.get(field);
  }
  const { leaf } = path;
  switch (leaf.fieldKind) {
    case "scalar":
      return scalarEquals(leaf.scalar, target.get(leaf), value as never);
    case "enum":
      return target.get(leaf) === value;
    case "message":
      return equals(
        leaf.message,
        target.get(leaf).message,
        (value as ReflectMessage).message,
      );
    default:
      return false;
  }
}

function oneofConflict(
  message: ReflectMessage,
  field: DescField,
): OneofConflict | undefined {
  if (field.oneof === undefined) {
    return undefined;
  }
  const present = message.oneofCase(field.oneof);
  return present === undefined || present === field
    ? undefined
    : { oneof: field.oneof, present };
}
