import { type DescEnum, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { decodeBase64 } from "./base64.ts";
import { quote } from "../cut.ts";
import { badField } from "../fault.ts";
import { ExactNumber, type JsonMembers, type JsonNode } from "./parser.ts";
import { enumNumbers } from "./leaf.ts";
import {
  isLong,
  maxFloat,
  parseFloatingPoint,
  parseInteger,
} from "./numbers.ts";

const enumNames = new WeakMap<DescEnum, ReadonlyMap<string, number>>();

/** Checks the JSON of a scalar, and gives it in the form that loses nothing. @throws Fault 400 */
export function conformScalar(
  type: ScalarType,
  node: JsonNode,
  at: string,
): JsonValue {
  switch (type) {
    case ScalarType.STRING:
      if (typeof node !== "string") {
        throw badField(at, "must be a string");
      }
      return node;
    case ScalarType.BOOL:
      if (typeof node !== "boolean") {
        throw badField(at, "must be true or false");
      }
      return node;
    case ScalarType.BYTES: {
      const bytes = typeof node === "string" ? decodeBase64(node) : undefined;
      if (bytes === undefined) {
        throw badField(at, "must be a string in base64");
      }
      return Buffer.from(bytes).toString("base64");
    }
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE: {
      const value = parseFloatingPoint(type, numberText(node, at));
      if (typeof value === "string") {
        throw badField(at, value);
      }
      if (!Number.isFinite(value)) {
        return value.toString();
      }
      // In few digits the largest float is larger than itself, which protobuf-es refuses.
      return type === ScalarType.FLOAT
        ? Math.max(-maxFloat, Math.min(value, maxFloat))
        : value;
    }
    default: {
      const value = parseInteger(type, numberText(node, at));
      if (typeof value === "string") {
        throw badField(at, value);
      }
      return isLong(type) ? value.toString() : Number(value);
    }
  }
}

function numberText(node: JsonNode, at: string): string {
  if (typeof node === "string") {
    return node;
  }
  if (typeof node === "number") {
    // The sign of -0 counts for floating-point fields; toString() would lose it.
    return Object.is(node, -0) ? "-0" : node.toString();
  }
  if (node instanceof ExactNumber) {
    return node.text;
  }
  throw badField(at, "must be a number");
}

/**
 * Checks the JSON of an enum value.
 *
 * @param ignoreUnknown lets unknown names pass, which protobuf-es then skips.
 * @throws Fault 400
 */
export function conformEnum(
  desc: DescEnum,
  node: JsonNode,
  at: string,
  ignoreUnknown: boolean,
): JsonValue {
  let numbers = enumNames.get(desc);
  if (numbers === undefined) {
    numbers = enumNumbers(desc);
    enumNames.set(desc, numbers);
  }
  if (typeof node === "string") {
    if (!numbers.has(node) && !ignoreUnknown) {
      throw badField(
        at,
        `has ${quote(node)}, which is not a value of ${desc.typeName}`,
      );
    }
    return node;
  }
  if (typeof node !== "number" && !(node instanceof ExactNumber)) {
    throw badField(at, `must be a name or a number of ${desc.typeName}`);
  }
  const value = parseInteger(ScalarType.INT32, numberText(node, at));
  if (typeof value === "string") {
    throw badField(at, value);
  }
  if (
    !desc.open &&
    !desc.values.some((known) => known.number === Number(value))
  ) {
    throw badField(
      at,
      `has ${value}, which is not a value of ${desc.typeName}`,
    );
  }
  return Number(value);
}

/** Checks the key of a map, and gives the one spelling that it has. @throws Fault 400 */
export function mapKey(type: ScalarType, name: string, path: string): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return name;
    case ScalarType.BOOL:
      if (name !== "true" && name !== "false") {
        throw badField(path, "has a key that is neither true nor false");
      }
      return name;
    default: {
      const value = parseInteger(type, name);
      if (typeof value === "string") {
        throw badField(path, `has a key that ${value}`);
      }
      return value.toString();
    }
  }
}

/** Checks the JSON of a message that is one word of text. @throws Fault 400 */
export function conformText(
  node: JsonNode,
  at: string,
  fault: (text: string) => string | undefined,
): JsonValue {
  if (typeof node !== "string") {
    throw badField(at, "must be a string");
  }
  const reason = fault(node);
  if (reason !== undefined) {
    throw badField(at, reason);
  }
  return node;
}

/** Struct, Value and ListValue hold any JSON whose numbers a double can hold. @throws Fault 400 */
export function anyJson(node: JsonNode, at: string): JsonValue {
  if (
    node === null ||
    typeof node === "string" ||
    typeof node === "boolean" ||
    typeof node === "number"
  ) {
    return node;
  }
  if (node instanceof ExactNumber) {
    const value = Number(node.text);
    if (!Number.isFinite(value)) {
      throw badField(at, "is out of range");
    }
    return value;
  }
  if (isItems(node)) {
    return node.map((item, i) => anyJson(item, `${at}[${i}]`));
  }
  const target = emptyObject();
  for (const name of Object.keys(node)) {
    target[name] = anyJson(node[name] ?? null, `${at}.${name}`);
  }
  return target;
}

/** The members of what must be an object. @throws Fault 400 */
export function members(node: JsonNode, at: string): JsonMembers {
  if (
    typeof node !== "object" ||
    node === null ||
    node instanceof ExactNumber ||
    isItems(node)
  ) {
    throw badField(at, "must be a JSON object");
  }
  return node;
}

/** The items of what must be an array. @throws Fault 400 */
export function items(node: JsonNode, at: string): readonly JsonNode[] {
  if (!isItems(node)) {
    throw badField(at, "must be a JSON array");
  }
  return node;
}

function isItems(node: JsonNode): node is readonly JsonNode[] {
  return Array.isArray(node);
}

/** An object without a prototype. */
export function emptyObject(): Record<string, JsonValue> {
  return Object.create(null) as Record<string, JsonValue>;
}
