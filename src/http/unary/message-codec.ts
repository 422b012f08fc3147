import { create } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { UnarySpec } from "./invoke.ts";

/** Reads the requests of one method and writes its answers. */
export interface MessageCodec {
  /** @throws ConnectError */
  readonly read: (bytes: Uint8Array) => Message;
  /** @throws ConnectError */
  readonly write: (message: Message) => Uint8Array;
}

/**
 * Makes the codec of a method, as Connect's own handlers have it. A request without fields, which is all that many calls send, needs
 * no parser.
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
  const input = codecs.getI(binary);
  const output = codecs.getO(binary);
  const isEmpty = binary ? isNothing : isEmptyObject;
  return {
    read: (bytes) =>
      isEmpty(bytes) ? create(method.input) : input.parse(bytes),
    write: (message) => output.serialize(message),
  };
}

function isNothing(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0;
}

/** `{}` */
function isEmptyObject(bytes: Uint8Array): boolean {
  return bytes.byteLength === 2 && bytes[0] === 0x7b && bytes[1] === 0x7d;
}
