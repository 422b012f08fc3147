import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type MethodImplSpec } from "@connectrpc/connect";
import { transformInvokeImplementation } from "@connectrpc/connect/protocol";
import { oneChunk } from "./body.ts";
import {
  admit,
  type CallHandler,
  type CallParts,
  type Found,
  readUncompressedBody,
  fieldsOf,
  requestLine,
  responseHeader,
  unaryOffers,
} from "./call.ts";
import { untilAborted } from "./abort.ts";
import { type CallContext, createContext } from "./context.ts";
import { bodyTooLarge } from "../fault.ts";
import type { TranscodingRequest } from "../options.ts";
import { parseTimeout, type Timeout } from "../headers/timeout.ts";

const lineFeed = 0x0a;
const blankLine = /^[ \t\r]*$/;

/**
 * The handler of a client stream. Each line of the body is a message; where the body is an HttpBody, each chunk is one. What the
 * path and the query bind, they bind in every message.
 */
export function createClientStreamHandler(
  spec: MethodImplSpec & { kind: "client_streaming" },
  parts: CallParts,
): CallHandler {
  const { options, responses, writer } = parts;

  async function call(
    request: TranscodingRequest,
    match: Found,
    timeout: Timeout,
    context: CallContext,
  ): Promise<Message> {
    await admit(parts, request, timeout, context, unaryOffers);
    const invoke = transformInvokeImplementation(
      spec,
      context,
      options.interceptors,
    );
    for await (const output of invoke(readMessages(parts, request, match))) {
      return output;
    }
    throw new ConnectError("the method gave no response", Code.Internal);
  }

  return async (request, match) => {
    const timeout = parseTimeout(fieldsOf(request), options.maxTimeoutMs);
    const context = createContext(parts, request, timeout);
    try {
      const running = call(request, match, timeout, context);
      // Awaited for as long as somebody waits for it, and no longer.
      const output = await untilAborted(context.signal, running);
      return await responses.complete(
        request,
        parts.successStatus,
        writer.write(output),
        responseHeader(context),
      );
    } catch (error) {
      context.end(error);
      return await responses.error(request, error, responseHeader(context));
    } finally {
      context.end();
    }
  };
}

async function* readMessages(
  parts: CallParts,
  request: TranscodingRequest,
  match: Found,
): AsyncGenerator<Message> {
  const line = requestLine(request, match);
  switch (parts.reader.bodyForm) {
    case "none":
      yield parts.reader.read(line, await readUncompressedBody(parts, request));
      break;
    case "raw":
      for await (const chunk of rawChunks(
        await unpacked(parts, request),
        parts.options.readMaxBytes,
      )) {
        yield parts.reader.read(line, chunk);
      }
      break;
    case "json":
      for await (const text of lines(
        await unpacked(parts, request),
        parts.options.readMaxBytes,
      )) {
        yield parts.reader.read(line, text);
      }
      break;
  }
}

/** The body as it arrives; a compressed one is read completely before it is decompressed. */
async function unpacked(
  parts: CallParts,
  request: TranscodingRequest,
): Promise<AsyncIterable<Uint8Array>> {
  const encoding = request.header.get("Content-Encoding");
  return encoding === null ||
    encoding === "" ||
    encoding.toLowerCase() === "identity"
    ? request.body
    : oneChunk(await readUncompressedBody(parts, request));
}

/** The chunks of an upload. One without a byte is one message, so that the method sees its path and content type. */
async function* rawChunks(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
): AsyncGenerator<Uint8Array> {
  let empty = true;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength; at += readMaxBytes) {
      empty = false;
      yield chunk.subarray(at, at + readMaxBytes);
    }
  }
  if (empty) {
    yield new Uint8Array(0);
  }
}

/** The lines of a body that are not blank. @throws Fault 413 for a line over the limit. */
async function* lines(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array): void => {
    length += part.byteLength;
    if (length > readMaxBytes) {
      throw bodyTooLarge(readMaxBytes);
    }
    parts.push(part);
  };
  const take = (): Uint8Array | undefined => {
    const line = Buffer.concat(parts, length);
    parts = [];
    length = 0;
    return blankLine.test(line.toString("latin1")) ? undefined : line;
  };
  for await (const chunk of body) {
    let start = 0;
    for (
      let end = chunk.indexOf(lineFeed);
      end >= 0;
      end = chunk.indexOf(lineFeed, start)
    ) {
      keep(chunk.subarray(start, end));
      const line = take();
      if (line !== undefined) {
        yield line;
      }
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  const last = take();
  if (last !== undefined) {
    yield last;
  }
}
