import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
import { eachUntilAborted, untilAborted } from "../../transcoding/index.ts";
import { maxTimerMs } from "../limits.ts";

/** Header of the Connect protocol, in milliseconds. */
export const connectTimeoutHeader = "connect-timeout-ms";
/** Header of gRPC and gRPC-Web, with a unit. */
export const grpcTimeoutHeader = "grpc-timeout";

/**
 * Cuts a timeout header to what Node's timers take. Connect hands the value to `setTimeout`, which fires at once for more than
 * 2^31-1 milliseconds.
 */
export function clampTimeoutHeader(name: string, value: string): string {
  switch (name) {
    case connectTimeoutHeader:
      return (parseConnectTimeout(value, Infinity).timeoutMs ?? 0) > maxTimerMs
        ? String(maxTimerMs)
        : value;
    case grpcTimeoutHeader:
      return (parseGrpcTimeout(value, Infinity).timeoutMs ?? 0) > maxTimerMs
        ? `${Math.floor(maxTimerMs / 1000)}S`
        : value;
    default:
      return value;
  }
}

/**
 * Ends the call at its deadline (and at a cancellation or shutdown), even where the handler ignores its signal: Connect only signals.
 * Belongs first in the list of interceptors.
 */
export const enforceDeadlines: Interceptor = (next) => async (request) => {
  const response = await untilAborted(request.signal, next(request));
  if (!response.stream) {
    return response;
  }
  return {
    ...response,
    message: eachUntilAborted(request.signal, response.message),
  };
};

/** The same for a request gate that waits for something. */
export function enforceDeadlineOfGate(
  gate: (context: HandlerContext) => void | Promise<void>,
): (context: HandlerContext) => void | Promise<void> {
  return (context) => {
    const waiting = gate(context);
    return waiting === undefined
      ? undefined
      : untilAborted(context.signal, waiting);
  };
}
