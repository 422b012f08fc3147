import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { type CallParts, type Found, responseHeader } from "./call.ts";
import { jsonType, type ResponseBytes } from "./response-message.ts";

/**
 * The parts of a unary call, for a server that reads bodies and calls methods by itself: `handle` without the universal request.
 * The server sees to the gate, the limits, the headers that speak of formats and encodings, and the deadline.
 */
export interface PlainUnary {
  readonly spec: MethodImplSpec & { kind: "unary" };
  /** Whether a request may have a body. */
  readonly takesBody: boolean;
  /** The media type of every answer. */
  readonly contentType: string;
  /** Makes the message of a request. @throws Fault, which `failure` knows */
  read(match: Found, contentType: string, body: Uint8Array): Message;
  write(message: Message): Uint8Array;
  /** An answer with what the method has said in header and trailer, compressed if the client wants it so. */
  answer(
    context: HandlerContext,
    bytes: Uint8Array,
  ): Promise<UniversalServerResponse>;
  failure(
    context: HandlerContext,
    reason: unknown,
  ): Promise<UniversalServerResponse>;
}

/** Nothing for methods that stream, and for raw bodies, whose media type only the message tells. */
export function createPlainUnary(
  spec: MethodImplSpec,
  { reader, writer, answers }: CallParts,
): PlainUnary | undefined {
  if (spec.kind !== "unary" || writer.raw || reader.bodyForm === "raw") {
    return undefined;
  }
  const contentType = jsonType;
  const answered = (context: HandlerContext) => ({
    method: context.requestMethod,
    header: context.requestHeader,
  });
  return {
    spec,
    takesBody: reader.bodyForm === "json",
    contentType,
    read: ({ path, query }, type, body) =>
      reader.read({ path, query, contentType: type }, body),
    write: (message) => writer.write(message).bytes,
    answer: (context, bytes) => {
      const body: ResponseBytes = { contentType, bytes };
      return answers.whole(
        answered(context),
        200,
        body,
        responseHeader(context),
      );
    },
    failure: (context, reason) =>
      answers.error(answered(context), reason, responseHeader(context)),
  };
}
