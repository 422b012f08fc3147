import {
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { badField, badRequest } from "../fault.ts";
import { conformMessage, type ConformOptions } from "./conform.ts";
import { withJsonNamesOnly } from "./names.ts";
import { type JsonNode, JsonSyntaxError, parseJson } from "./parser.ts";
import { jsonText } from "./text.ts";
import { requiredCheck } from "./required.ts";
import { toConnectError } from "../status.ts";

/** How JSON is read. */
export interface JsonReadingOptions extends ConformOptions {
  readonly maxJsonDepth: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Parses the text of a body. @throws Fault 400 */
export function parseBody(body: Uint8Array, maxDepth: number): JsonNode {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw badRequest("the body is not UTF-8");
  }
  try {
    return parseJson(text, maxDepth);
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      throw badRequest(`the body is not valid JSON: ${error.message}`);
    }
    throw error;
  }
}

/** Makes messages of JSON that was checked. @throws Fault 400 */
export function messageDecoder(
  desc: DescMessage,
  options: JsonReadingOptions,
): (json: JsonValue) => Message {
  const readOptions = {
    ignoreUnknownFields: options.ignoreUnknownFields,
    // The parser sees to it. A message of Value counts twice to protobuf-es, so its own limit lies higher.
    recursionLimit: 10 * options.maxJsonDepth,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
  };
  const names = withJsonNamesOnly(desc);
  return (json) => {
    try {
      return fromJson(names, json, readOptions);
    } catch (error) {
      // What was checked fits; only the bytes of an Any that lacks a required field cannot be made.
      throw badRequest(
        `the body does not fit: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}

/**
 * Reads messages of one type, for a server that takes them as JSON in other protocols, too: as strictly as a template's body.
 *
 * @returns a reader that throws ConnectError INVALID_ARGUMENT.
 */
export function createJsonReader(
  desc: DescMessage,
  options: JsonReadingOptions,
): (bytes: Uint8Array) => Message {
  const read = jsonReader(desc, options);
  return (bytes) => read(bytes).message;
}

/**
 * The same for a server whose own parser reads the JSON: what it would misread is refused, or written in another way.
 *
 * @returns a function that gives JSON as text, and throws ConnectError INVALID_ARGUMENT.
 */
export function createJsonChecker(
  desc: DescMessage,
  options: JsonReadingOptions,
): (bytes: Uint8Array) => string {
  const read = jsonReader(desc, options);
  const text = jsonText(desc);
  return (bytes) => text(read(bytes).json);
}

function jsonReader(desc: DescMessage, options: JsonReadingOptions) {
  const decode = messageDecoder(desc, options);
  const findMissing = requiredCheck(desc);
  return (bytes: Uint8Array) => {
    try {
      const node = parseBody(bytes, options.maxJsonDepth);
      const json = conformMessage(desc, node, "", options);
      const message = decode(json);
      const missing = findMissing?.(reflect(desc, message));
      if (missing !== undefined) {
        throw badField(missing, "is required");
      }
      return { json, message };
    } catch (error) {
      throw toConnectError(error);
    }
  };
}
