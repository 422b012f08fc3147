import type { MethodImplSpec } from "@connectrpc/connect";
import { invokeUnaryImplementation } from "@connectrpc/connect/protocol";
import { untilAborted } from "./abort.ts";
import {
  admit,
  type CallHandler,
  type CallParts,
  type Found,
  readMessage,
  responseHeader,
} from "./call.ts";
import { type CallContext, createContext } from "./call-context.ts";
import type { TranscodingRequest } from "./options.ts";
import { jsonType } from "./response-message.ts";
import { parseTimeout, type Timeout } from "./timeout.ts";

const offers = [jsonType] as const;

/** The handler of a method with one request and one response. */
export function createUnaryHandler(
  spec: MethodImplSpec & { kind: "unary" },
  parts: CallParts,
): CallHandler {
  const { options, answers, writer } = parts;

  async function call(
    request: TranscodingRequest,
    match: Found,
    timeout: Timeout,
    context: CallContext,
  ) {
    await admit(parts, request, timeout, context, offers);
    const message = await readMessage(parts, request, match);
    return await invokeUnaryImplementation(
      spec,
      context,
      message,
      options.interceptors,
    );
  }

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
