import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
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

/** The timeout that a request asks for, in milliseconds; nothing where it asks for none, or not in the right form. */
export function timeoutOf(header: Headers): number | undefined {
  const grpc = parseGrpcTimeout(
    header.get(grpcTimeoutHeader),
    Infinity,
  ).timeoutMs;
  return (
    grpc ??
    parseConnectTimeout(header.get(connectTimeoutHeader), Infinity).timeoutMs
  );
}

/**
 * Answers at the deadline (and at a cancellation or shutdown), whatever the method does with its signal: Connect only signals.
 * Belongs first in the list of interceptors.
 */
export const enforceDeadlines: Interceptor = (next) => async (request) => {
  const response = await untilAborted(request.signal, next(request));
  if (!response.stream) return response;
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

function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      // A ConnectError of whoever aborted, which says the code.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(getAbortSignalReason(signal));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const onFailure = (reason: unknown) => {
      // Passed on as it is; but Connect's gRPC handlers take a rejection with nothing for success.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason ?? new ConnectError("internal error", Code.Internal));
    };
    work.then(resolve, onFailure).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}

function eachUntilAborted<T>(
  signal: AbortSignal,
  messages: AsyncIterable<T>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = messages[Symbol.asyncIterator]();
      const finish = async (): Promise<IteratorResult<T>> =>
        (await inner.return?.()) ?? { done: true, value: undefined };
      return {
        next: async () => {
          try {
            return await untilAborted(signal, inner.next());
          } catch (reason) {
            // A generator that waits for something takes note of this when its wait is over: nobody waits for that.
            if (signal.aborted) finish().catch(() => undefined);
            throw reason;
          }
        },
        return: finish,
      };
    },
  };
}
