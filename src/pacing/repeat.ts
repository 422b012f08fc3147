/** Work that is done again and again. */
export interface Repeated {
  /** What runs is not waited for. */
  readonly stop: () => void;
}

/**
 * Does work again and again, each time so long after it was done. It does not keep the process alive.
 *
 * @param everyMs between the end of one and the beginning of the next, in milliseconds
 * @param work must not reject; can ask whether it was stopped meanwhile
 * @param first whether the first begins at once
 */
export function repeat(
  everyMs: number,
  work: (isStopped: () => boolean) => Promise<void>,
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
    void work(() => stopped).then(schedule);
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
