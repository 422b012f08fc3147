/** Memory of a process over time, in bytes by milliseconds. */
export interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export interface Trend {
  /** What the line through the samples rises by from the first to the last, in bytes. */
  readonly growth: number;
  /** Standard error of the growth, in bytes. */
  readonly noise: number;
  readonly mean: number;
}

/** The line of least squares through samples. */
export function findTrend(samples: readonly Sample[]): Trend {
  const count = samples.length;
  const meanOf = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
  const meanAt = meanOf(samples.map(({ at }) => at));
  const mean = meanOf(samples.map(({ bytes }) => bytes));
  let spread = 0;
  let slope = 0;
  for (const { at, bytes } of samples) {
    spread += (at - meanAt) ** 2;
    slope += (at - meanAt) * (bytes - mean);
  }
  slope = spread === 0 ? 0 : slope / spread;
  const residual = samples.reduce(
    (sum, { at, bytes }) => sum + (bytes - mean - slope * (at - meanAt)) ** 2,
    0,
  );
  const span = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
  const error = Math.sqrt(
    residual / Math.max(count - 2, 1) / Math.max(spread, 1),
  );
  return { growth: slope * span, noise: error * span, mean };
}

/** Growth that is no leak: V8 moves its heap's limits by such steps. */
const stepBytes = 32 * 1024 * 1024;

/** Whether memory rises by more than samples differ anyway. */
export function isRising({ growth, noise }: Trend): boolean {
  return growth > stepBytes && growth > 3 * noise;
}
