/** What all pages say, in English. Each page has a file of its own here: another language is another such directory. */
export const texts = {
  name: "lockoutd",
  console: "lockoutd console",
  pages: "Pages",
  signIn: "Sign in",
  signOut: "Sign out",
  token: "Token",
  tokenHelp:
    "The token of an administrator or of the help desk. It is kept until this tab is closed.",
  tokenWrong:
    "The server does not know this token, or it has ended. Ask an administrator for another one.",
  tokenForm: "A token has no blanks and no letters beyond ASCII.",
  notPermitted: "Your roles do not permit this.",
  serverAway: "The server cannot be reached.",
  roles: "Roles",
  organization: "Organisation",
  organizationId: "Id of another organisation",
  change: "Change",
  allOrganizations: "All organisations",
  nothingPermitted:
    "Your roles permit none of the pages. Ask an administrator for a role such as ORG_USER_MANAGER.",
  find: "Find a user",
  findHelp: "Part of an id or login name",
  findButton: "Find",
  foundFor: "Users with",
  foundIn: "Looked for in your own organisation:",
  foundNobody: "No user has this in an id or login name.",
  lockedUsers: "Locked users",
  user: "User",
  reason: "Reason",
  since: "Since",
  until: "Until",
  factor: "Factor",
  failures: "Failures",
  lastAddress: "Last address",
  actions: "Actions",
  unlock: "Unlock",
  unlockTitle: (count: number) =>
    count === 1
      ? "Unlock this user?"
      : `Unlock ${count.toLocaleString()} users?`,
  unlockWho: "Who will be unlocked",
  unlockNote: "Reason",
  unlockNoteHelp: "Recorded with the unlock, for whoever reads the log.",
  ticket: "Ticket (optional)",
  cancel: "Cancel",
  unlocked: (count: number) => `Unlocked: ${count.toLocaleString()}`,
  more: "More",
  previous: "Previous",
  next: "Next",
  loading: "Loading …",
  live: "Live",
  notLive:
    "The connection is lost: what you see may be old. Connecting again …",
  untilUnlocked: "somebody unlocks",
  shortcuts: "Keys",
  shortcutHelp: "goes to Find a user",
  digitsHelp: "go to the pages",
  shortcutsOn: "Use these keys",
  skip: "Skip to content",
  time: "Time",
};

/** The names of numbers of an enum. */
export const reasonTexts: Readonly<Record<number, string>> = {
  1: "Wrong passwords",
  2: "Wrong codes",
  3: "An administrator",
  4: "Failures in a row, beyond the ceiling",
};

/** As {@link reasonTexts}. */
export const factorTexts: Readonly<Record<number, string>> = {
  1: "Password",
  2: "TOTP code",
  3: "Code by SMS",
  4: "Code by e-mail",
  5: "Recovery code",
};

/** As {@link reasonTexts}. */
export const decisionTexts: Readonly<Record<number, string>> = {
  1: "would be compared",
  2: "would be refused: locked",
  3: "would wait: all chances are in use",
  4: "would be refused: too many failures from that network",
  5: "would be refused: inactive",
};

/** As {@link reasonTexts}. */
export const stateTexts: Readonly<Record<number, string>> = {
  1: "Active",
  2: "Initial",
  3: "Inactive",
  4: "Locked",
};
