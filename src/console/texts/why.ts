const one = new Intl.PluralRules("en");

/** A number with its noun. */
function counted(count: number, singular: string, plural: string): string {
  const noun = one.select(count) === "one" ? singular : plural;
  return `${count.toLocaleString()} ${noun}`;
}

/** Why somebody is locked, and what comes next. */
export const whyTexts = {
  administrator: "An administrator locked the user.",
  notLocked: "Nothing is locked.",
  limitReached: "Failures reached the limit of the policy.",
  failures: (count: number, factor: string, limit: number) =>
    `${counted(count, "failure", "failures")} (${factor}) reached the limit of ${limit.toLocaleString()}.`,
  ceiling: (count: number, factor: string) =>
    `${counted(count, "failure", "failures")} in a row (${factor}) reached the ceiling, which time never forgets.`,
  factorsLocked: (names: readonly string[]) =>
    `Locked alone: ${names.join(", ")}; other factors go on.`,
  locksInRow: (count: number) =>
    `${counted(count, "lock", "locks")} in a row by failures.`,
  lastAddress: "The last attempt came from",
  lockedSince: "Locked since",
  endsByItself: "It ends by itself at",
  staysLocked: "It stays until somebody unlocks.",
  devices: (count: number) =>
    `${counted(count, "known device", "known devices")}: a lock by failures leaves these open while the policy knows devices.`,
  nextAttempt: "The next attempt",
  open: "The user is not locked.",
  inactive: "The user is inactive: nobody is let in, and nothing is counted.",
};
