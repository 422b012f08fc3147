/** Tells who waits that something has come. */
export interface Bell {
  /** Something has come. */
  readonly ring: () => void;
  /** Resolves at the first ring after it was called, or with the signal. A second one takes the place of the first. */
  readonly next: () => Promise<void>;
  /** No longer listens to the signal. */
  readonly stop: () => void;
}

/** Turns notices into promises. @param signal ends all waiting */
export function createBell(signal: AbortSignal): Bell {
  let wake: () => void = () => undefined;
  const ring = () => {
    wake();
  };
  signal.addEventListener("abort", ring);
  return {
    ring,
    next: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted) {
          resolve();
        }
      }),
    stop: () => {
      signal.removeEventListener("abort", ring);
    },
  };
}
