import { create } from "@bufbuild/protobuf";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import {
  createJsonReader,
  joinBinary,
  joinJson,
  writeInSlices,
} from "../../transcoding/index.ts";
import type {
  JsonReadingOptions,
  WriteInSlices,
} from "../../transcoding/index.ts";
import { defaultLimits } from "../limits.ts";

/** Reads the requests of one method and writes its responses. */
export interface MessageCodec {
  readonly binary: boolean;
  /** A message without fields. */
  readonly empty: Uint8Array;
  /** @throws ConnectError */
  readonly read: (bytes: Uint8Array) => Message;
  /** @throws ConnectError, or rejects with it */
  readonly write: WriteInSlices;
}

/** The codecs of a method. A request without fields, which is all that many calls send, needs no parser. */
export function createMessageCodecs(
  { method }: { readonly method: DescMethod },
  options: UniversalHandlerOptions,
): { readonly binary: MessageCodec; readonly json: MessageCodec } {
  const codecs = createMethodSerializationLookup(
    method,
    options.binaryOptions,
    options.jsonOptions,
    options,
  );
  const readBinary = codecs.getI(true);
  const readJson = createJsonReader(method.input, jsonReadingOptions(options));
  const writeBinary = codecs.getO(true);
  const writeJson = codecs.getO(false);
  return {
    binary: {
      binary: true,
      empty: new Uint8Array(0),
      read: (bytes) =>
        bytes.byteLength === 0 ? create(method.input) : readBinary.parse(bytes),
      write: writeInSlices(
        method.output,
        (message) => writeBinary.serialize(message),
        joinBinary,
      ),
    },
    json: {
      binary: false,
      empty: Buffer.from("{}"),
      read: (bytes) =>
        isEmptyObject(bytes) ? create(method.input) : readJson(bytes),
      write: writeInSlices(
        method.output,
        (message) => writeJson.serialize(message),
        joinJson,
      ),
    },
  };
}

/**
 * How JSON is read in all protocols: as templates read it. Connect's parser takes bytes that are not UTF-8, 30 February and
 * hexadecimal for something else, and rounds large numbers.
 */
export function jsonReadingOptions({
  jsonOptions,
}: Partial<UniversalHandlerOptions>): JsonReadingOptions {
  return {
    ignoreUnknownFields: jsonOptions?.ignoreUnknownFields ?? false,
    // A field that was meant would be unset: a filter that is misspelt would be none.
    ignoreUnknownEnumNames: false,
    registry: jsonOptions?.registry,
    maxJsonDepth: jsonOptions?.recursionLimit ?? defaultLimits.maxJsonDepth,
  };
}

/** `{}` */
function isEmptyObject(bytes: Uint8Array): boolean {
  return bytes.byteLength === 2 && bytes[0] === 0x7b && bytes[1] === 0x7d;
}
