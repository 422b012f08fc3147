import type { DescMessage } from "@bufbuild/protobuf";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { createJsonChecker } from "../../transcoding/index.ts";
import { jsonReadingOptions } from "./message-codec.ts";

/**
 * Options with which Connect's handlers read the JSON of one message type as strictly as all else does. They decode its bytes
 * with the decoder that is given here, which hands their parser nothing but what it cannot misread.
 */
export function strictJsonOptions(
  schema: DescMessage,
  options: Partial<UniversalHandlerOptions>,
): NonNullable<UniversalHandlerOptions["jsonOptions"]> {
  const check = createJsonChecker(schema, jsonReadingOptions(options));
  const textDecoder = { decode: check };
  // Connect's serialization takes the decoder from these options, which their type does not say.
  return Object.assign({ ...options.jsonOptions }, { textDecoder });
}
