/** Longer texts are no slip of the pen. */
const maxLength = 100;

/**
 * The name that somebody meant: the one with the fewest letters that differ, are left out, are too many or changed places, of those which have few.
 * Undefined where there is none.
 */
export function nearest(
  text: string,
  names: Iterable<string>,
): string | undefined {
  if (text.length > maxLength) {
    return undefined;
  }
  const lower = text.toLowerCase();
  let found: string | undefined;
  let least = Infinity;
  for (const name of names) {
    const slips = distance(lower, name.toLowerCase());
    if (slips < least && slips <= 1 + name.length / 5) {
      [found, least] = [name, slips];
    }
  }
  return found;
}

/** What to write instead of a text that is none of the names. */
export function didYouMean(text: string, names: Iterable<string>): string {
  const name = nearest(text, names);
  return name === undefined ? "" : `Did you mean ${name}? `;
}

/** The optimal string alignment distance of two texts. */
function distance(one: string, other: string): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from(
    { length: other.length + 1 },
    (_, column) => column,
  );
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      next.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [before, last] = [last, next];
  }
  return last[other.length] ?? 0;
}
