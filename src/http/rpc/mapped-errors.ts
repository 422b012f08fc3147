import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";

/** Maps what a gate or a handler throws to the error that the caller gets; usually a ConnectError. */
export type MapError = (error: unknown) => unknown;

/** The options with a gate and interceptors that map the errors of the gate, of the methods, and of each step of their streams. */
export function withMappedErrors(
  options: Partial<UniversalHandlerOptions>,
  mapError: MapError,
): Partial<UniversalHandlerOptions> {
  const { requestGate } = options;
  return {
    ...options,
    interceptors: [
      createErrorInterceptor(mapError),
      ...(options.interceptors ?? []),
    ],
    ...(requestGate !== undefined && {
      requestGate: guardGate(requestGate, mapError),
    }),
  };
}

function createErrorInterceptor(mapError: MapError): Interceptor {
  async function* guardStream<Message>(messages: AsyncIterable<Message>) {
    try {
      yield* messages;
    } catch (error) {
      throw mapError(error);
    }
  }
  return (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream
        ? { ...response, message: guardStream(response.message) }
        : response;
    } catch (error) {
      throw mapError(error);
    }
  };
}

function guardGate(
  gate: (context: HandlerContext) => void | Promise<void>,
  mapError: MapError,
): (context: HandlerContext) => void | Promise<void> {
  const fail = (error: unknown): never => {
    throw mapError(error);
  };
  return (context) => {
    try {
      const waiting = gate(context);
      return waiting instanceof Promise ? waiting.catch(fail) : waiting;
    } catch (error) {
      return fail(error);
    }
  };
}

/** The error for a request that cannot be read: the caller's fault, for which Connect's library blames the server. */
export function callersFault(reason: unknown): unknown {
  return reason instanceof ConnectError && reason.code === Code.Internal
    ? new ConnectError(reason.rawMessage, Code.InvalidArgument)
    : reason;
}
