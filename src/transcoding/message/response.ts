import {
  create,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError } from "@connectrpc/connect";
import { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.js";
import { isLong } from "../json/numbers.ts";
import { jsonText } from "../json/text.ts";
import { parseMediaType } from "../headers/media-type.ts";
import { isHttpBody } from "./request.ts";
import { wellKnownKind } from "../json/well-known.ts";
import type { Binding } from "../template/rule.ts";
import { joinJson, writeInSlices } from "./slices.ts";

/** One response message as bytes. */
export interface ResponseBytes {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Writes the response messages of one binding. */
export interface ResponseWriter {
  /** The message is an HttpBody: its bytes are the body, and its content type is known only when it is there. */
  readonly raw: boolean;
  write(message: Message): ResponseBytes;
  /** As `write`; a long message in slices, between which others have their turn. */
  writeLong(message: Message): ResponseBytes | Promise<ResponseBytes>;
}

/** The media type of JSON. */
export const jsonType = "application/json";
const fallbackType = "application/octet-stream";

/** Prepares the writing of a binding's responses: the message, one field (`response_body`), or the raw bytes of an HttpBody. */
export function createResponseWriter(
  binding: Binding,
  options: Partial<JsonWriteOptions>,
): ResponseWriter {
  const { method, responseBody: field } = binding;
  const { output } = method;
  const text = jsonText(output);
  const jsonBytes = (json: JsonValue): ResponseBytes => ({
    contentType: jsonType,
    bytes: Buffer.from(text(json)),
  });
  if (field === undefined) {
    if (isHttpBody(output)) {
      const write = (message: Message) => rawBytes(output, message);
      return { raw: true, write, writeLong: write };
    }
    const write = (message: Message) =>
      jsonBytes(toJson(output, message, options));
    const inSlices = writeInSlices(
      output,
      (message) => write(message).bytes,
      joinJson,
    );
    return {
      raw: false,
      write,
      writeLong: (message) => {
        const bytes = inSlices(message);
        return bytes instanceof Promise
          ? bytes.then((made) => ({ contentType: jsonType, bytes: made }))
          : { contentType: jsonType, bytes };
      },
    };
  }
  if (field.fieldKind === "message" && isHttpBody(field.message)) {
    const desc = field.message;
    const write = (message: Message) =>
      rawBytes(desc, reflect(output, message).get(field).message);
    return { raw: true, write, writeLong: write };
  }
  const empty = emptyJson(field, options);
  const name = options.useProtoFieldName === true ? field.name : field.jsonName;
  const write = (message: Message): ResponseBytes => {
    const only = reflect(output);
    const source = reflect(output, message);
    if (!source.isSet(field)) {
      return jsonBytes(empty);
    }
    only.set(field, source.get(field));
    const json = toJson(output, only.message, options) as JsonObject;
    return jsonBytes(json[name] ?? null);
  };
  return { raw: false, write, writeLong: write };
}

/** The bytes of an HttpBody. Its content type goes into a header, so it is checked. */
function rawBytes(desc: DescMessage, message: Message): ResponseBytes {
  const body = reflect(desc, message);
  let contentType = "";
  let bytes: Uint8Array = new Uint8Array(0);
  for (const field of desc.fields) {
    const value: unknown = body.get(field);
    if (
      field.number === HttpBodySchema.field.contentType.number &&
      typeof value === "string"
    ) {
      contentType = value;
    } else if (
      field.number === HttpBodySchema.field.data.number &&
      value instanceof Uint8Array
    ) {
      bytes = value;
    }
  }
  if (contentType !== "" && parseMediaType(contentType) === undefined) {
    throw new ConnectError(
      "the method returned an HttpBody whose content type is malformed",
      Code.Internal,
    );
  }
  return {
    contentType: contentType === "" ? fallbackType : contentType,
    bytes,
  };
}

/** What a field is when it is not set. */
function emptyJson(
  field: DescField,
  options: Partial<JsonWriteOptions>,
): JsonValue {
  switch (field.fieldKind) {
    case "list":
      return [];
    case "map":
      return {};
    case "enum": {
      const zero = field.enum.values[0];
      if (
        zero === undefined ||
        field.enum.typeName === "google.protobuf.NullValue"
      ) {
        return null;
      }
      const value =
        typeof field.getDefaultValue() === "number"
          ? field.getDefaultValue()
          : zero.number;
      const known =
        field.enum.values.find((candidate) => candidate.number === value) ??
        zero;
      return options.enumAsInteger === true ? known.number : known.jsonName;
    }
    case "scalar":
      return emptyScalar(field);
    case "message":
      return wellKnownKind(field.message) === "value"
        ? null
        : toJson(field.message, create(field.message), options);
  }
}

function emptyScalar(field: DescField & { fieldKind: "scalar" }): JsonValue {
  const value: unknown = field.getDefaultValue();
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof value === "string" ? value : "";
    case ScalarType.BOOL:
      return value === true;
    case ScalarType.BYTES:
      return value instanceof Uint8Array
        ? Buffer.from(value).toString("base64")
        : "";
    default:
      if (isLong(field.scalar)) {
        return typeof value === "bigint" || typeof value === "string"
          ? value.toString()
          : "0";
      }
      return typeof value === "number" && Number.isFinite(value) ? value : 0;
  }
}
