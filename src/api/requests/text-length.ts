// Lengths are counted in characters (Unicode code points), as ZITADEL's rules do: a text of JavaScript has two units for some.

/** Whether a text has more characters than that. */
export function isLongerThan(text: string, max: number): boolean {
  return (
    text.length > max &&
    // A character has two units at most: a text that is far too long is not looked through.
    (text.length > 2 * max || firstCharacters(text, max).length < text.length)
  );
}

/** The first characters of a text, never half of one. */
export function firstCharacters(text: string, max: number): string {
  if (text.length <= max) {
    return text;
  }
  let units = 0;
  let characters = 0;
  for (const character of text) {
    if (characters === max) {
      break;
    }
    characters += 1;
    units += character.length;
  }
  return text.slice(0, units);
}
