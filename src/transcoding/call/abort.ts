import { Code, ConnectError } from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";

/** Waits for some work, but no longer than until the signal is aborted; then it rejects with the signal's reason. */
export function untilAborted<Value>(
  signal: AbortSignal,
  work: Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      // The ConnectError of the abort, which has the code.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(getAbortSignalReason(signal));
    };
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener("abort", onAbort, { once: true });
    }
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

/** The same for each of several messages. */
export function eachUntilAborted<T>(
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
            // A generator that awaits something ends only after that: this is not awaited.
            if (signal.aborted) {
              finish().catch(() => undefined);
            }
            throw reason;
          }
        },
        return: finish,
      };
    },
  };
}
