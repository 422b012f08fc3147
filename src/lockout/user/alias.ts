// Characters that nobody sees: they must not make two names of one. By Unicode's list alone they were not all: the blank of braille,
// control characters, and marks that show by what they do to others.
const ignorable = /\p{Default_Ignorable_Code_Point}/gu;
const unseen =
  /(?!\p{White_Space})\p{Cc}|[\u2800\ufff9-\ufffb\u{13430}-\u{1343f}\u{16fe4}\u{1d159}]/gu;
const blanks = /[\p{White_Space}]+/gu;

/** The most UTF-16 units of a folded name. One character can fold to 18, but no name of 200 that is one to more than this. */
const maxFoldedLength = 1000;

/**
 * Folds a login name, so that case, Unicode form and blanks cannot split a person into two counters (I8): two
 * names that a person would call the same fold to the same text. Empty where nothing visible is left, or far more than was given.
 *
 * @param name at most 200 characters, which the caller must check: folding takes time in the square of the length
 */
export function foldName(name: string): string {
  return fold(name, (text) =>
    text.replaceAll(ignorable, "").replaceAll(unseen, ""),
  );
}

/**
 * How a name was folded before it was known that nobody sees some characters of it; undefined where it has none of them. An alias
 * is stored so still where another user has a name that reads alike.
 */
export function formerlyFolded(name: string): string | undefined {
  return name.search(unseen) < 0
    ? undefined
    : fold(name, (text) => text.replaceAll(ignorable, ""));
}

function fold(name: string, removeInvisible: (text: string) => string): string {
  // Upper before lower case: it maps what has several lower cases (ß and ss, σ and ς) to one. Folding can
  // leave a text that folds further (by composing anew), so it runs until nothing changes: a few times at most.
  let folded = name;
  for (;;) {
    const composed = folded.normalize("NFKC");
    if (composed.length > maxFoldedLength) {
      return "";
    }
    const next = removeInvisible(composed)
      .toUpperCase()
      .toLowerCase()
      .normalize("NFKC")
      .replaceAll(blanks, " ")
      .trim();
    if (next === folded) {
      return folded;
    }
    folded = next;
  }
}
