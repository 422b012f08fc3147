import { fromBinary } from "@bufbuild/protobuf";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import type {
  Compression,
  UniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import { callersFault } from "./mapped-errors.ts";
import { createRequestJsonReader } from "./unary/message-codec.ts";

/** Options for Connect's own handlers, which blame the server for requests that cannot be read. */
export function connectOptions(
  options: Partial<UniversalHandlerOptions>,
): Partial<UniversalHandlerOptions> {
  return {
    ...options,
    requestGate: checkingQuery(options),
    acceptCompression: options.acceptCompression?.map(blamingCaller) ?? [],
  };
}

/** The gate, and after it, since who calls is asked first, a look at the message in the query of a GET. */
function checkingQuery(
  options: Partial<UniversalHandlerOptions>,
): (context: HandlerContext) => Promise<void> {
  const { readMaxBytes = Infinity } = options;
  const readers = new Map<DescMessage, (bytes: Uint8Array) => Message>();
  const readJson = (schema: DescMessage, bytes: Uint8Array): void => {
    let reader = readers.get(schema);
    if (reader === undefined) {
      reader = createRequestJsonReader(schema, options);
      readers.set(schema, reader);
    }
    reader(bytes);
  };
  return async (context) => {
    await options.requestGate?.(context);
    if (context.requestMethod !== "GET") return;
    const query = new URL(context.url).searchParams;
    const message = query.get("message") ?? "";
    try {
      const bytes =
        query.get("base64") === "1"
          ? base64Decode(message)
          : Buffer.from(message);
      if (bytes.byteLength > readMaxBytes)
        throw new ConnectError(
          `the message in the query is larger than ${readMaxBytes} bytes`,
          Code.ResourceExhausted,
        );
      if (query.has("compression")) return;
      if (query.get("encoding") === "json")
        readJson(context.method.input, bytes);
      else fromBinary(context.method.input, bytes);
    } catch (reason) {
      throw reason instanceof ConnectError
        ? reason
        : new ConnectError(
            `the message in the query cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`,
            Code.InvalidArgument,
          );
    }
  };
}

/** A body that cannot be unpacked is the caller's fault: Connect's adapter for Node blames the server for one that ends too early. */
function blamingCaller(compression: Compression): Compression {
  return {
    ...compression,
    decompress: async (bytes, readMaxBytes) => {
      try {
        return await compression.decompress(bytes, readMaxBytes);
      } catch (reason) {
        throw callersFault(reason);
      }
    },
  };
}
