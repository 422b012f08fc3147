import { create } from "@bufbuild/protobuf";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Serialization } from "@connectrpc/connect/protocol";

/**
 * Reads messages of one type. One without fields, which is all that many calls send, needs no parser.
 *
 * @param binary whether they come as protobuf, else as JSON
 */
export function createMessageReader(
  schema: DescMessage,
  codec: Serialization<Message>,
  binary: boolean,
): (bytes: Uint8Array) => Message {
  const isEmpty = binary ? isNothing : isEmptyObject;
  return (bytes) => (isEmpty(bytes) ? create(schema) : codec.parse(bytes));
}

function isNothing(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0;
}

/** `{}` */
function isEmptyObject(bytes: Uint8Array): boolean {
  return bytes.byteLength === 2 && bytes[0] === 0x7b && bytes[1] === 0x7d;
}
