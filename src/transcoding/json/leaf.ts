import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { decodeBase64 } from "./base64.ts";
import {
  type IntegerType,
  isLong,
  parseFloatingPoint,
  parseInteger,
} from "./numbers.ts";
import {
  durationFault,
  fieldMaskFault,
  isRepeatableText,
  timestampFault,
  wellKnownKind,
  wrappedField,
} from "./well-known.ts";

/** A text that does not fit its field. The message completes "the field …". */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/**
 * Reads the text of a path or query value: the ProtoJSON form without quotes. Gives what `ReflectMessage.set` and
 * `ReflectList.add` take.
 *
 * @throws ValueError
 */
export type LeafReader = (text: string) => unknown;

/** The reader of a field that fits into one word of text, or undefined where there is none. For a list, that of its items. */
export function leafReader(field: DescField): LeafReader | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return (text) => readScalar(field.scalar, text);
    case "enum":
      return enumReader(field.enum);
    case "message":
      return messageReader(field.message);
    case "list":
      switch (field.listKind) {
        case "scalar":
          return (text) => readScalar(field.scalar, text);
        case "enum":
          return enumReader(field.enum);
        case "message":
          return isRepeatableText(field.message)
            ? messageReader(field.message)
            : undefined;
      }
      break;
    case "map":
      return undefined;
  }
}

/** Reads a scalar from its text. @throws ValueError */
export function readScalar(
  type: ScalarType,
  text: string,
): string | number | bigint | boolean | Uint8Array {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      if (text !== "true" && text !== "false") {
        throw new ValueError("is neither true nor false");
      }
      return text === "true";
    case ScalarType.BYTES: {
      const bytes = decodeBase64(text);
      if (bytes === undefined) {
        throw new ValueError("is not base64");
      }
      return bytes;
    }
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE: {
      const value = parseFloatingPoint(type, text);
      if (typeof value === "string") {
        throw new ValueError(value);
      }
      return value;
    }
    default: {
      const value = readInteger(type, text);
      return isLong(type) ? value : Number(value);
    }
  }
}

function readInteger(type: IntegerType, text: string): bigint {
  const value = parseInteger(type, text);
  if (typeof value === "string") {
    throw new ValueError(value);
  }
  return value;
}

function enumReader(desc: DescEnum): LeafReader {
  const numbers = enumNumbers(desc);
  const declared = new Set(numbers.values());
  const isNullValue = desc.typeName === "google.protobuf.NullValue";
  return (text) => {
    const number = numbers.get(text);
    if (number !== undefined) {
      return number;
    }
    if (isNullValue && text === "null") {
      return 0;
    }
    const value = parseInteger(ScalarType.INT32, text);
    if (
      typeof value === "string" ||
      (!desc.open && !declared.has(Number(value)))
    ) {
      throw new ValueError(`is not a value of ${desc.typeName}`);
    }
    return Number(value);
  };
}

/** The numbers of an enum by each name that ProtoJSON takes. */
export function enumNumbers(desc: DescEnum): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const value of desc.values) {
    numbers.set(value.jsonName, value.number);
  }
  for (const value of desc.values) {
    numbers.set(value.name, value.number);
  }
  return numbers;
}

function messageReader(desc: DescMessage): LeafReader | undefined {
  switch (wellKnownKind(desc)) {
    case "timestamp":
      return textReader(desc, timestampFault);
    case "duration":
      return textReader(desc, durationFault);
    case "field-mask":
      return textReader(desc, fieldMaskFault);
    case "wrapper": {
      const field = wrappedField(desc);
      if (field === undefined) {
        return undefined;
      }
      return (text) => {
        const wrapper = reflect(desc);
        wrapper.set(field, readScalar(field.scalar, text));
        return wrapper;
      };
    }
    default:
      return undefined;
  }
}

function textReader(
  desc: DescMessage,
  fault: (text: string) => string | undefined,
): LeafReader {
  return (text) => {
    const reason = fault(text);
    if (reason !== undefined) {
      throw new ValueError(reason);
    }
    return reflect(desc, fromJson(desc, text));
  };
}
