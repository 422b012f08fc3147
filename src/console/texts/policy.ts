/** The page of the policy. */
export const policyTexts = {
  policy: "Policy",
  whose: "Whose policy",
  ofOrganization: "Of the organisation",
  ofDefault: "Default of all organisations",
  own: "own",
  inherited: "the default's",
  numbersFrom: "Numbers:",
  rulesFrom: "Rules:",
  settings: "Settings",
  none: "none",
  spanHelp: "Spans are written as 90s, 15m, 24h or 30d.",
  save: "Save",
  discard: "Discard",
  saved: "Saved.",
  undo: "Undo",
  undone: "Undone: the policy is as it was.",
  changes: "What changes",
  nothingChanges:
    "Nothing yet. Change a setting, and see here what it means before it is saved.",
  whatHolds: "What it means",
  was: "Was",
  becomes: "Becomes",
  setting: "Setting",
  budgets: "Guesses that a stranger has",
  factor: "Factor",
  perDay: "A day",
  perYear: "A year",
  odds: "Odds of a 6-digit code",
  unlimited: "unlimited",
  presets: "Standards",
  preset: "Standard",
  verdict: "Verdict",
  wouldMeet: "Would meet it:",
  wasBefore: "before:",
  history: "History",
  when: "When",
  who: "Who",
  difference: "Difference",
  rollBack: "Roll back",
  rollBackTo: "Roll back to this",
  rolledBack: "Rolled back.",
  rollBackText:
    "Numbers and rules become what they were right after this change. It is a new change: nothing is removed from the history.",
  holds: "holds now",
  noHistory: "The policy was never changed.",
  more: "Earlier changes",
  useDefault: "Use the default policy",
  useDefaultText:
    "The organisation's own numbers and rules are removed: those of the default policy hold.",
  usesDefault: "The default policy holds.",
  overrides: "Organisations with a policy of their own",
  noOverrides: "No organisation that is listed has one.",
  conflict:
    "Somebody has changed the policy meanwhile. What holds now is shown: look at your changes again, then save.",
  checking: "Working it out …",
};

/** What a verdict is called. */
export const verdictTexts: Readonly<Record<number, string>> = {
  1: "met",
  2: "missed",
  3: "not decided",
};

/** A setting, as the form has it: its name, and what it does. */
interface SettingText {
  readonly label: string;
  readonly help: string;
}

/** The settings, each with a help. */
export const settingTexts = {
  maxPasswordAttempts: {
    label: "Wrong passwords",
    help: "So many lock the user. 0 never locks.",
  },
  maxOtpAttempts: {
    label: "Wrong codes",
    help: "So many of one kind lock the user. 0 never locks.",
  },
  lockDurationMs: {
    label: "Lock duration",
    help: "How long a lock by failures lasts; none: until somebody unlocks.",
  },
  lockGrowth: {
    label: "Lock growth",
    help: "How many times as long each further lock in a row lasts: 1 to 10; none: as long.",
  },
  maxLockDurationMs: {
    label: "Longest lock",
    help: "What locks grow to at most; none: 24h, or the lock duration where that is longer.",
  },
  observationWindowMs: {
    label: "Observation window",
    help: "The count starts over so long after the last failure; none: never.",
  },
  ceiling: {
    label: "Ceiling",
    help: "So many failures in a row, however long they take, lock until somebody unlocks; none: no number does.",
  },
  rememberedSecrets: {
    label: "Remembered passwords",
    help: "The last so many wrong passwords of a user count once, up to 10; none: each counts each time.",
  },
  lockScope: {
    label: "A lock closes",
    help: "One factor alone leaves the others open.",
  },
  deviceAttempts: {
    label: "Chances of a known device",
    help: "Devices that the user has logged in with have so many of their own, and locks by failures leave them open; none: no device is known.",
  },
  deviceTrustMs: {
    label: "Devices are known for",
    help: "Since their last success; none: 90d.",
  },
  sourcesMaxFailures: {
    label: "Failures from one network",
    help: "So many within the time below, of whichever users, and it has to wait; none: any number.",
  },
  sourcesWindowMs: {
    label: "Within",
    help: "The time in which so many failures may come from a network.",
  },
  sourcesIpv4Prefix: {
    label: "Bits of an IPv4 network",
    help: "8 to 32; none: 32, each address by itself.",
  },
  sourcesIpv6Prefix: {
    label: "Bits of an IPv6 network",
    help: "16 to 128; none: 64.",
  },
  stormsMaxLocks: {
    label: "Locks that are a storm",
    help: "More locks by failures within the time below are told to hooks and shown; none: not looked for.",
  },
  stormsWindowMs: {
    label: "Within",
    help: "The time in which so many locks are a storm.",
  },
} satisfies Readonly<Record<string, SettingText>>;

/** Groups of settings. */
export const groupTexts = {
  numbers: "Limits",
  locks: "Locks",
  counting: "Counting",
  devices: "Known devices",
  sources: "Networks",
  storms: "Storms",
};

/** What a lock closes. */
export const scopeTexts = {
  user: "the user",
  factor: "the factor alone",
};
