/** A comparison of a text: the numbers of `TextQueryMethod` are those of v1 and of v2. */
const comparisons: readonly ((text: string, wanted: string) => boolean)[] = [
  (text, wanted) => text === wanted,
  (text, wanted) => text.startsWith(wanted),
  (text, wanted) => text.includes(wanted),
  (text, wanted) => text.endsWith(wanted),
];

/** Whether texts are as a query wants them. @param method of `TextQueryMethod`; unknown ones fit nothing */
export function textFits(
  wanted: string,
  method: number,
): (text: string) => boolean {
  const compare = comparisons[method >> 1];
  if (compare === undefined) {
    return () => false;
  }
  // Of each two methods, the second ignores the case.
  if (method % 2 === 0) {
    return (text) => compare(text, wanted);
  }
  const lower = wanted.toLowerCase();
  return (text) => compare(text.toLowerCase(), lower);
}
