/** The value below which this share of sorted values lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = Math.min(Math.floor(sorted.length * share), sorted.length - 1);
  return sorted[place] ?? NaN;
}

/**
 * The area under the ROC curve: how probable it is that one of the first values is greater than one of the second, where half of those
 * that are equal count. 0.5 where neither tells anything of the other.
 */
export function areaUnderCurve(
  first: readonly number[],
  second: readonly number[],
): number {
  const all = [
    ...first.map((value) => ({ value, isFirst: true })),
    ...second.map((value) => ({ value, isFirst: false })),
  ].sort((one, other) => one.value - other.value);
  let rankSum = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    let firsts = 0;
    for (
      ;
      all[to] !== undefined && all[to]?.value === all[from]?.value;
      to += 1
    ) {
      if (all[to]?.isFirst === true) {
        firsts += 1;
      }
    }
    // Equal values share the ranks that they take, which count from 1.
    rankSum += (firsts * (from + 1 + to)) / 2;
    from = to;
  }
  return (
    (rankSum - (first.length * (first.length + 1)) / 2) /
    (first.length * second.length)
  );
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
