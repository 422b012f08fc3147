/**
 * Shares the result of a check, or its failure, among all calls within a time: many probes cost no more than one.
 *
 * @param look what is done, by one caller at a time
 * @param shareMs for how long its result holds, from its beginning on, in milliseconds; while it lasts it is always shared
 * @param now in milliseconds, of a clock that never jumps
 */
export function shareLook<Result>(
  look: () => Promise<Result>,
  shareMs: number,
  now: () => number = () => performance.now(),
): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  let lasts = false;
  let since = 0;
  return () => {
    if (last !== undefined && (lasts || now() - since < shareMs)) {
      return last;
    }
    since = now();
    lasts = true;
    last = look().finally(() => {
      lasts = false;
    });
    return last;
  };
}
