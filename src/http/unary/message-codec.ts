import { create } from "@bufbuild/protobuf";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { createJsonReader } from "../../transcoding/index.ts";
import { defaultLimits } from "../limits.ts";
import type { UnarySpec } from "./invoke.ts";

/** Reads the requests of one method and writes its answers. */
export interface MessageCodec {
  /** @throws ConnectError */
  readonly read: (bytes: Uint8Array) => Message;
  /** @throws ConnectError */
  readonly write: (message: Message) => Uint8Array;
}

/**
 * Makes the codec of a method. A request without fields, which is all that many calls send, needs no parser.
 *
 * @param binary whether messages come as protobuf, else as JSON
 */
export function createMessageCodec(
  { method }: UnarySpec,
  options: UniversalHandlerOptions,
  binary: boolean,
): MessageCodec {
  const codecs = createMethodSerializationLookup(
    method,
    options.binaryOptions,
    options.jsonOptions,
    options,
  );
  const read = binary
    ? codecs.getI(true).parse
    : createRequestJsonReader(method.input, options);
  const isEmpty = binary ? isNothing : isEmptyObject;
  const output = codecs.getO(binary);
  return {
    read: (bytes) => (isEmpty(bytes) ? create(method.input) : read(bytes)),
    write: (message) => output.serialize(message),
  };
}

/**
 * Reads JSON as templates read it: Connect's parser takes bytes that are not UTF-8, 30 February and hexadecimal for something else,
 * and rounds large numbers.
 */
export function createRequestJsonReader(
  schema: DescMessage,
  { jsonOptions }: Partial<UniversalHandlerOptions>,
): (bytes: Uint8Array) => Message {
  return createJsonReader(schema, {
    ignoreUnknownFields: jsonOptions?.ignoreUnknownFields ?? false,
    registry: jsonOptions?.registry,
    maxJsonDepth: jsonOptions?.recursionLimit ?? defaultLimits.maxJsonDepth,
  });
}

function isNothing(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0;
}

/** `{}` */
function isEmptyObject(bytes: Uint8Array): boolean {
  return bytes.byteLength === 2 && bytes[0] === 0x7b && bytes[1] === 0x7d;
}
