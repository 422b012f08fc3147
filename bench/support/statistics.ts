/** The value below which this share of sorted values lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = Math.min(Math.floor(sorted.length * share), sorted.length - 1);
  return sorted[place] ?? NaN;
}

/** The middle value; of two in the middle, what lies between. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.slice(
    Math.ceil(sorted.length / 2) - 1,
    Math.floor(sorted.length / 2) + 1,
  );
  return middle.reduce((sum, one) => sum + one, 0) / middle.length;
}
