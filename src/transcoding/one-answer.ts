import type { Message } from "@bufbuild/protobuf";
import { untilAborted } from "./abort.ts";
import {
  type CallHandler,
  type CallParts,
  type Found,
  responseHeader,
} from "./call.ts";
import { type CallContext, createContext } from "./call-context.ts";
import type { TranscodingRequest } from "./options.ts";
import { jsonType } from "./response-message.ts";
import { parseTimeout, type Timeout } from "./timeout.ts";

/** The media types of an answer that is one message. */
export const oneAnswerOffers = [jsonType] as const;

/** Runs a call. What it throws is its answer. */
export type OneAnswerCall = (
  request: TranscodingRequest,
  match: Found,
  timeout: Timeout,
  context: CallContext,
) => Promise<Message>;

/** The handler of a method with one response: it is awaited within the deadline, and no longer. */
export function createOneAnswerHandler(
  parts: CallParts,
  call: OneAnswerCall,
): CallHandler {
  const { options, answers, writer } = parts;
  return async (request, match) => {
    const timeout = parseTimeout(request.header, options.maxTimeoutMs);
    const context = createContext(parts, request, timeout);
    try {
      const running = call(request, match, timeout, context);
      const output = await (timeout.timeoutMs === undefined
        ? running
        : untilAborted(running, context.signal));
      return await answers.whole(
        request,
        200,
        writer.write(output),
        responseHeader(context),
      );
    } catch (error) {
      context.end(error);
      return await answers.error(request, error, responseHeader(context));
    } finally {
      context.end();
    }
  };
}
