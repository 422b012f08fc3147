/** What a look at one thing has found. */
export interface Finding {
  /** What was looked at, in a word. */
  readonly about: string;
  /** `warning` will hurt or may surprise, `problem` hurts now. */
  readonly level: "ok" | "warning" | "problem" | "skipped";
  readonly text: string;
  /** What to do, where something is to be done. */
  readonly advice?: string;
}

/** What was not looked at, and why. */
export function skipped(
  about: readonly string[],
  text: string,
): readonly Finding[] {
  return about.map((name) => ({ about: name, level: "skipped", text }));
}

/** A look that fails is a problem by itself, whose error says what to do. */
export async function look(
  about: string,
  find: () => Promise<Omit<Finding, "about">>,
  describe: (error: unknown) => string,
): Promise<Finding> {
  try {
    return { about, ...(await find()) };
  } catch (error) {
    return { about, level: "problem", text: describe(error) };
  }
}
