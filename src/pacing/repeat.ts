/** Work that is done again and again. */
export interface Repeated {
  /** What runs is not waited for. */
  readonly stop: () => void;
}

/**
 * Does work again and again, each time so long after it was done. It does not keep the process alive.
 *
 * @param everyMs between the end of one and the beginning of the next, in milliseconds
 * @param work can ask whether it was stopped meanwhile
 * @param onError is told why work failed, unless it was stopped meanwhile: what it works on may be closed then
 * @param first whether the first begins at once
 */
export function repeat(
  everyMs: number,
  work: (isStopped: () => boolean) => Promise<void>,
  onError: (error: unknown) => void,
  first: "now" | "later" = "later",
): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const schedule = () => {
    if (!stopped) {
      timer = setTimeout(run, everyMs).unref();
    }
  };
  const run = () => {
    void work(() => stopped)
      .catch((error: unknown) => {
        if (!stopped) {
          onError(error);
        }
      })
      .then(schedule);
  };
  if (first === "now") {
    run();
  } else {
    schedule();
  }
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
