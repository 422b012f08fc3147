import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { create } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { namedFields } from "../json/field-path.ts";
import {
  ExactNumber,
  type JsonMembers,
  type JsonNode,
} from "../json/parser.ts";
import type { Binding } from "../template/rule.ts";
import { wellKnownKind } from "../json/well-known.ts";

/** Fills the field mask of a PATCH from the fields that its body names. */
export interface MaskFilling {
  readonly mask: DescField;
  /** Sets the mask, unless the body names no field or the mask is set. */
  fill(message: ReflectMessage, body: JsonNode): void;
}

/**
 * The filling of a binding's mask: for a PATCH whose body is one message field, and whose request has one FieldMask at the
 * top (of several, the one called update_mask, as in https://google.aip.dev/134).
 */
export function maskFilling(binding: Binding): MaskFilling | undefined {
  const { body, method } = binding;
  if (
    binding.httpMethod !== "PATCH" ||
    body.kind !== "field" ||
    body.field.fieldKind !== "message"
  ) {
    return undefined;
  }
  const resource = body.field.message;
  const masks = method.input.fields.filter(
    (field) => field.fieldKind === "message" && isMask(field.message),
  );
  const mask =
    masks.length === 1
      ? masks[0]
      : masks.find((field) => field.name === "update_mask");
  if (
    mask?.fieldKind !== "message" ||
    mask === body.field ||
    wellKnownKind(resource) !== undefined
  ) {
    return undefined;
  }
  const maskDesc = mask.message;
  return {
    mask,
    fill(message, node) {
      const paths = isObject(node) ? sentPaths(resource, node, "") : [];
      if (paths.length > 0 && !message.isSet(mask)) {
        message.set(
          mask,
          reflect(maskDesc, create(FieldMaskSchema, { paths })),
        );
      }
    },
  };
}

function isMask(desc: DescMessage): boolean {
  return wellKnownKind(desc) === "field-mask";
}

/** The paths of the leaves that an object names: of messages with fields, what is below them; of all else, the field itself. */
function sentPaths(
  desc: DescMessage,
  node: JsonMembers,
  prefix: string,
): string[] {
  const fields = namedFields(desc, "proto-or-json");
  return Object.keys(node).flatMap((name) => {
    const field = fields.get(name);
    if (field === undefined) {
      return [];
    }
    const path = prefix + field.name;
    const value = node[name] ?? null;
    const descends =
      field.fieldKind === "message" &&
      wellKnownKind(field.message) === undefined &&
      isObject(value);
    const below = descends ? sentPaths(field.message, value, `${path}.`) : [];
    return below.length > 0 ? below : [path];
  });
}

function isObject(node: JsonNode): node is JsonMembers {
  return (
    typeof node === "object" &&
    node !== null &&
    !(node instanceof ExactNumber) &&
    !Array.isArray(node)
  );
}
