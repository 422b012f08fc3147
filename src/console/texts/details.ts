/** Names of what an event says beside its type; others are shown as they are. */
export const detailTexts: Readonly<Record<string, string>> = {
  reason: "reason",
  factor: "factor",
  failedAttempts: "failures",
  failedInRow: "in a row",
  lockEndTime: "until",
  expired: "ended by itself",
  at: "at",
  note: "reason",
  ticket: "ticket",
  userAgent: "browser",
  device: "device",
  deviceId: "device",
  knownDevice: "known device",
  repeated: "repeated password",
  added: "added",
  removed: "removed",
};
