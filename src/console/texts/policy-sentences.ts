/** What is said of a policy in a sentence, in English. */
export const policyTexts = {
  neverLocks: "Wrong passwords never lock.",
  wrongPassword: "1 wrong password locks",
  wrongPasswords: (count: string) => `${count} wrong passwords lock`,
  untilUnlocked: (what: string) => `${what} until somebody unlocks.`,
  forSpan: (what: string, span: string, grows: boolean) =>
    `${what} for ${span}${grows ? ", and longer with each further lock" : ""}.`,
  unlimited: "Nothing bounds how many passwords a stranger can guess.",
  guesses: (day: string, year: string) =>
    `Guesses at a password that a stranger has: ${day} in the first day, ${year} in a year.`,
} as const;
