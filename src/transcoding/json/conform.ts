import {
  type DescExtension,
  type DescField,
  type DescMessage,
  type JsonValue,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { quote } from "../cut.ts";
import { badField } from "../fault.ts";
import { namedFields } from "./field-path.ts";
import type { JsonMembers, JsonNode } from "./parser.ts";
import {
  conformEnum,
  conformScalar,
  conformText,
  emptyObject,
  items,
  mapKey,
  members,
  anyJson,
} from "./value.ts";
import {
  durationFault,
  fieldMaskFault,
  timestampFault,
  wellKnownKind,
  wrappedField,
} from "./well-known.ts";

/** What JSON may hold. */
export interface ConformOptions {
  readonly ignoreUnknownFields: boolean;
  readonly ignoreUnknownEnumNames: boolean;
  /** Types that google.protobuf.Any may hold. */
  readonly registry: Registry | undefined;
}

/**
 * Checks JSON against a message type and gives JSON, all fields by their JSON names, that protobuf-es reads without surprises. protobuf-es alone would round
 * large numbers, take hexadecimal and 30 February, and not say where a fault is.
 *
 * @param at the path of the message, for errors; empty for the request itself.
 * @throws Fault 400 with the path of the field at fault.
 */
export function conformMessage(
  desc: DescMessage,
  node: JsonNode,
  at: string,
  options: ConformOptions,
): JsonValue {
  switch (wellKnownKind(desc)) {
    case undefined:
      return conformFields(desc, node, at, options);
    case "timestamp":
      return conformText(node, at, timestampFault);
    case "duration":
      return conformText(node, at, durationFault);
    case "field-mask":
      return conformText(node, at, fieldMaskFault);
    case "wrapper":
      return conformScalar(
        wrappedField(desc)?.scalar ?? ScalarType.STRING,
        node,
        at,
      );
    case "struct":
      members(node, at);
      return anyJson(node, at);
    case "list-value":
      items(node, at);
      return anyJson(node, at);
    case "value":
      return anyJson(node, at);
    case "any":
      return conformAny(node, at, options);
  }
}

/** Checks the JSON of one field. Null stands for an unset field, and for the null of Value and NullValue. */
export function conformField(
  field: DescField | DescExtension,
  node: JsonNode,
  at: string,
  options: ConformOptions,
): JsonValue {
  if (node === null) {
    return null;
  }
  switch (field.fieldKind) {
    case "scalar":
      return conformScalar(field.scalar, node, at);
    case "enum":
      return conformEnum(field.enum, node, at, options.ignoreUnknownEnumNames);
    case "message":
      return conformMessage(field.message, node, at, options);
    case "list":
      return items(node, at).map((item, i) =>
        conformItem(field, item, `${at}[${i}]`, options),
      );
    case "map":
      return conformMap(field, members(node, at), at, options);
  }
}

function conformFields(
  desc: DescMessage,
  node: JsonNode,
  at: string,
  options: ConformOptions,
): JsonValue {
  const source = members(node, at);
  const fields = namedFields(desc, "proto-or-json");
  const seen = new Map<DescField | DescExtension, string>();
  const target = emptyObject();
  for (const name of Object.keys(source)) {
    const value = source[name] ?? null;
    const field = fields.get(name) ?? extensionOf(desc, name, options);
    const path = at === "" ? name : `${at}.${name}`;
    if (field === undefined) {
      if (options.ignoreUnknownFields) {
        continue;
      }
      throw badField(path, `is unknown to ${desc.typeName}`);
    }
    const other = seen.get(field);
    if (other !== undefined) {
      throw badField(path, `is given twice, also as ${other}`);
    }
    seen.set(field, name);
    checkOneof(field, value, seen, source, path);
    // protobuf-es would take null for a value of the oneof, unless the member is a scalar.
    if (field.oneof === undefined || setsMember(field, value)) {
      target[field.jsonName] = conformField(field, value, path, options);
    }
  }
  return target;
}

/** ProtoJSON names an extension by its full name in brackets. */
function extensionOf(
  desc: DescMessage,
  name: string,
  { registry }: ConformOptions,
): DescExtension | undefined {
  if (!name.startsWith("[") || !name.endsWith("]")) {
    return undefined;
  }
  const extension = registry?.getExtension(name.slice(1, -1));
  return extension?.extendee.typeName === desc.typeName ? extension : undefined;
}

function checkOneof(
  field: DescField | DescExtension,
  value: JsonNode,
  seen: ReadonlyMap<DescField | DescExtension, string>,
  source: JsonMembers,
  path: string,
): void {
  if (field.oneof === undefined || !setsMember(field, value)) {
    return;
  }
  for (const member of field.oneof.fields) {
    const name = seen.get(member);
    if (
      member !== field &&
      name !== undefined &&
      setsMember(member, source[name] ?? null)
    ) {
      throw badField(
        path,
        `excludes ${name}: only one of the oneof ${field.oneof.name} may be set`,
      );
    }
  }
}

/** Null leaves a member unset, but is the value of Value and NullValue. */
function setsMember(
  field: DescField | DescExtension,
  value: JsonNode,
): boolean {
  return value !== null || acceptsNull(field);
}

function acceptsNull(field: DescField | DescExtension): boolean {
  switch (field.fieldKind) {
    case "message":
      return wellKnownKind(field.message) === "value";
    case "enum":
      return field.enum.typeName === "google.protobuf.NullValue";
    default:
      return false;
  }
}

function conformItem(
  field: (DescField | DescExtension) & { fieldKind: "list" | "map" },
  node: JsonNode,
  at: string,
  options: ConformOptions,
): JsonValue {
  const kind = field.fieldKind === "list" ? field.listKind : field.mapKind;
  if (node === null) {
    const takesNull =
      field.message === undefined
        ? field.enum?.typeName === "google.protobuf.NullValue"
        : wellKnownKind(field.message) === "value";
    if (!takesNull) {
      throw badField(at, "must not be null");
    }
    return null;
  }
  switch (kind) {
    case "scalar":
      return conformScalar(field.scalar ?? ScalarType.STRING, node, at);
    case "enum":
      return field.enum === undefined
        ? null
        : conformEnum(field.enum, node, at, options.ignoreUnknownEnumNames);
    case "message":
      return field.message === undefined
        ? null
        : conformMessage(field.message, node, at, options);
  }
}

function conformMap(
  field: DescField & { fieldKind: "map" },
  source: JsonMembers,
  at: string,
  options: ConformOptions,
): JsonValue {
  const target = emptyObject();
  for (const name of Object.keys(source)) {
    const path = `${at}[${quote(name)}]`;
    const key = mapKey(field.mapKey, name, path);
    if (key in target) {
      throw badField(path, "is a key that stands twice");
    }
    target[key] = conformItem(field, source[name] ?? null, path, options);
  }
  return target;
}

function conformAny(
  node: JsonNode,
  at: string,
  options: ConformOptions,
): JsonValue {
  const source = members(node, at);
  if (Object.keys(source).length === 0) {
    return {};
  }
  const typeUrl = source["@type"];
  if (typeof typeUrl !== "string" || typeUrl === "") {
    throw badField(at, 'must name its type in "@type"');
  }
  const desc = options.registry?.getMessage(
    typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
  );
  if (desc === undefined) {
    throw badField(at, `holds the unknown type ${quote(typeUrl)}`);
  }
  const target = emptyObject();
  target["@type"] = typeUrl;
  if (wellKnownKind(desc) !== undefined) {
    const { value } = source;
    const unexpected = Object.keys(source).some(
      (name) => name !== "@type" && name !== "value",
    );
    if (value === undefined || (unexpected && !options.ignoreUnknownFields)) {
      throw badField(
        at,
        `must have "@type" and "value", and nothing else, for ${desc.typeName}`,
      );
    }
    target["value"] = conformMessage(desc, value, `${at}.value`, options);
    return target;
  }
  const rest = Object.create(null) as JsonMembers;
  for (const name of Object.keys(source)) {
    if (name !== "@type" && !isEmptyValue(desc, name, source, at)) {
      rest[name] = source[name] ?? null;
    }
  }
  const fields = conformFields(desc, rest, at, options);
  return Object.assign(target, fields);
}

/** Go writes an Empty within an Any with a "value", as it does the messages that have a form of their own; others do not. */
function isEmptyValue(
  desc: DescMessage,
  name: string,
  source: JsonMembers,
  at: string,
): boolean {
  return (
    desc.typeName === "google.protobuf.Empty" &&
    name === "value" &&
    Object.keys(members(source[name] ?? null, `${at}.value`)).length === 0
  );
}
