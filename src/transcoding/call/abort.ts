/** Waits for a promise, but no longer than until the signal is aborted; then it rejects with the signal's reason. */
export async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      // The reason is an Error wherever Connect or Node aborted.
      reject(
        signal.reason instanceof Error
          ? signal.reason
          : new Error("aborted", { cause: signal.reason }),
      );
    };
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener("abort", onAbort, { once: true });
    }
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    if (onAbort !== undefined) {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
