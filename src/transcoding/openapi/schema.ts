import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  ScalarType,
} from "@bufbuild/protobuf";
import { wellKnownKind, wrappedField } from "../json/well-known.ts";

/** Collects the schemas of messages and enums that a description refers to. */
export class SchemaCollection {
  readonly #schemas = new Map<string, JsonObject>();
  readonly #descriptions: Readonly<Record<string, string>>;

  /** @param descriptions what people are told, by full names */
  constructor(descriptions: Readonly<Record<string, string>>) {
    this.#descriptions = descriptions;
  }

  /** The description of what has this full name, if there is one. */
  description(name: string): JsonObject {
    const description = this.#descriptions[name];
    return description === undefined ? {} : { description };
  }

  /** What people are told of a field: sentences. */
  sentences({ parent, name, oneof }: DescField): readonly string[] {
    const description = this.#descriptions[`${parent.typeName}.${name}`];
    return [
      ...(description === undefined ? [] : [description]),
      ...(oneof === undefined
        ? []
        : [`At most one of the oneof ${oneof.name} may be set.`]),
    ];
  }

  /** The same as a description, if there is anything to tell. */
  fieldDescription(field: DescField): JsonObject {
    const sentences = this.sentences(field);
    return sentences.length === 0 ? {} : { description: sentences.join(" ") };
  }

  /** The schemas by the full names of their types, in order. */
  toJson(): JsonObject {
    return Object.fromEntries(
      [...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Adds a schema that comes from no descriptor. */
  add(name: string, schema: JsonObject): JsonObject {
    this.#schemas.set(name, schema);
    return reference(name);
  }

  /** The schema of a message as ProtoJSON writes it. */
  message(desc: DescMessage): JsonObject {
    const wellKnown = this.#wellKnown(desc);
    if (wellKnown !== undefined) {
      return wellKnown;
    }
    if (!this.#schemas.has(desc.typeName)) {
      // Placed before its fields are looked at: a message may hold itself.
      this.#schemas.set(desc.typeName, {});
      this.#schemas.set(desc.typeName, this.object(desc, desc.fields));
    }
    return reference(desc.typeName);
  }

  /** The schema of an object with some fields of a message. */
  object(desc: DescMessage, fields: readonly DescField[]): JsonObject {
    return {
      type: "object",
      title: desc.name,
      ...this.description(desc.typeName),
      properties: Object.fromEntries(
        fields.map((field) => [field.jsonName, this.field(field)]),
      ),
      ...(desc.deprecated ? { deprecated: true } : {}),
    };
  }

  /** The schema of a field. */
  field(field: DescField): JsonObject {
    return {
      ...this.type(field),
      ...(field.deprecated ? { deprecated: true } : {}),
      ...this.fieldDescription(field),
    };
  }

  /** The same without what people are told of it. */
  type(field: DescField): JsonObject {
    switch (field.fieldKind) {
      case "scalar":
        return scalarSchema(field.scalar);
      case "enum":
        return this.#enum(field.enum);
      case "message":
        return this.message(field.message);
      case "list":
        return { type: "array", items: this.#element(field) };
      case "map":
        return { type: "object", additionalProperties: this.#element(field) };
    }
  }

  #element(field: DescField & { fieldKind: "list" | "map" }): JsonObject {
    if (field.message !== undefined) {
      return this.message(field.message);
    }
    return field.enum === undefined
      ? scalarSchema(field.scalar)
      : this.#enum(field.enum);
  }

  #enum(desc: DescEnum): JsonObject {
    if (desc.typeName === "google.protobuf.NullValue") {
      return { type: "null" };
    }
    if (!this.#schemas.has(desc.typeName)) {
      this.#schemas.set(desc.typeName, {
        type: "string",
        title: desc.name,
        ...this.#enumDescription(desc),
        enum: desc.values.map((value) => value.name),
      });
    }
    return reference(desc.typeName);
  }

  /** What the enum is, and a list of what its values mean, in Markdown. */
  #enumDescription(desc: DescEnum): JsonObject {
    const values = desc.values.flatMap(({ name }) => {
      const description = this.#descriptions[`${desc.typeName}.${name}`];
      return description === undefined ? [] : [`- \`${name}\`: ${description}`];
    });
    const whole = this.#descriptions[desc.typeName];
    const parts = [
      ...(whole === undefined ? [] : [whole]),
      ...(values.length === 0 ? [] : [values.join("\n")]),
    ];
    return parts.length === 0 ? {} : { description: parts.join("\n\n") };
  }

  #wellKnown(desc: DescMessage): JsonObject | undefined {
    switch (wellKnownKind(desc)) {
      case undefined:
        return undefined;
      case "timestamp":
        return { type: "string", format: "date-time" };
      case "duration":
        return { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" };
      case "field-mask":
        return {
          type: "string",
          description:
            "Paths of fields in lowerCamelCase, separated by commas.",
        };
      case "wrapper": {
        const field = wrappedField(desc);
        const inner = field === undefined ? {} : scalarSchema(field.scalar);
        const type = inner["type"];
        return {
          ...inner,
          type: [...(Array.isArray(type) ? type : [type ?? "string"]), "null"],
        };
      }
      case "struct":
        return { type: "object", additionalProperties: true };
      case "list-value":
        return { type: "array", items: {} };
      case "value":
        return {};
      case "any":
        return {
          type: "object",
          properties: { "@type": { type: "string" } },
          additionalProperties: true,
        };
    }
  }
}

/** A reference to a schema of the collection. */
export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function scalarSchema(type: ScalarType): JsonObject {
  switch (type) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.FLOAT:
      // NaN and the infinities are strings.
      return { type: ["number", "string"], format: "float" };
    case ScalarType.DOUBLE:
      return { type: ["number", "string"], format: "double" };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: "integer", format: "int32" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", minimum: 0, maximum: 4_294_967_295 };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: "string", format: "int64" };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", format: "uint64" };
  }
}
