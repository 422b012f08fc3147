const dayMs = 86_400_000;

/** The share of a wait that chance adds at most, so that what failed together is not tried again together. */
const jitter = 0.1;

/**
 * How long after a failed try the next one begins, in milliseconds; undefined where that was the last one.
 *
 * @param schedule how long each try waits after the one before, in milliseconds; the first is for the first try
 * @param attempts how many there were
 * @param retryAfterMs what the receiver asked for
 * @param random from 0 up to 1
 */
export function nextWait(
  schedule: readonly number[],
  attempts: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | undefined {
  const wait = schedule[attempts];
  if (wait === undefined) {
    return undefined;
  }
  const asked = Math.min(retryAfterMs ?? 0, dayMs);
  return Math.max(Math.round(wait * (1 + jitter * random())), asked);
}

/**
 * What a response's `Retry-After` says, in milliseconds; undefined where it says nothing that can be read.
 *
 * @param now milliseconds since 1970
 */
export function readRetryAfter(
  header: string | undefined,
  now: number,
): number | undefined {
  if (header === undefined || header.length > 100) {
    return undefined;
  }
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) {
    return Number(text) * 1000;
  }
  const date = /[a-z]{3}/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
