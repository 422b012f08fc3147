import type { MethodImplSpec } from "@connectrpc/connect";
import { invokeUnaryImplementation } from "@connectrpc/connect/protocol";
import {
  admit,
  type CallHandler,
  type CallParts,
  readMessage,
} from "./call.ts";
import { createOneAnswerHandler, oneAnswerOffers } from "./one-answer.ts";

/** The handler of a method with one request and one response. */
export function createUnaryHandler(
  spec: MethodImplSpec & { kind: "unary" },
  parts: CallParts,
): CallHandler {
  const { interceptors } = parts.options;
  return createOneAnswerHandler(
    parts,
    async (request, match, timeout, context) => {
      await admit(parts, request, timeout, context, oneAnswerOffers);
      const message = await readMessage(parts, request, match);
      return await invokeUnaryImplementation(
        spec,
        context,
        message,
        interceptors,
      );
    },
  );
}
