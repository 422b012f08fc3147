import type { CommitMark } from "./commit-mark.ts";

/** Keys of tokens and organisations are shorter. A longer key is looked up each time, and not remembered. */
const maxKeyLength = 128;

/**
 * Makes a look-up that remembers what it found until the next commit of any process, since the same few things are looked up all the time.
 * Without a mark it remembers nothing. It is for use outside of transactions: inside of one there may be more than what is
 * committed.
 *
 * @param max how many values are remembered
 * @param find looks a value up; a missing one is remembered, too
 */
export function rememberUntilCommit<Wanted, Found>(
  mark: CommitMark | undefined,
  max: number,
  find: (wanted: Wanted) => Found,
): (key: string, wanted: Wanted) => Found {
  if (mark === undefined) {
    return (_key, wanted) => find(wanted);
  }
  const values = new Map<string, Found>();
  let rememberedAt = mark();
  return (key, wanted) => {
    if (key.length > maxKeyLength) {
      return find(wanted);
    }
    // Before the look-up: a commit between the two must change the mark.
    const now = mark();
    if (now !== rememberedAt) {
      values.clear();
      rememberedAt = now;
    }
    const known = values.get(key);
    if (known !== undefined || values.has(key)) {
      return known as Found;
    }
    const found = find(wanted);
    if (values.size >= max) {
      values.clear();
    }
    values.set(key, found);
    return found;
  };
}
