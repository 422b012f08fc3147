/** The page of locked users. */
export const lockedTexts = {
  id: "Id",
  organizationId: "Organisation id",
  filters: "Filters",
  nobody: "Nobody is locked.",
  nobodyFits: "No locked user fits the filters.",
  unknownNames: (count: number) =>
    `Login names that no user has are locked too: ${count.toLocaleString()}. Only hashes of them are kept.`,
  anyReason: "Any reason",
  anyTime: "Any time",
  lastHour: "Last hour",
  lastDay: "Last 24 hours",
  lastWeek: "Last 7 days",
  nameBegins: "Name begins with",
  select: "Select",
  selectAll: "Select all on this page",
  unlockSelected: "Unlock selected",
  exportCsv: "Export CSV",
  range: (first: number, last: number, total: number) =>
    `${first.toLocaleString()}–${last.toLocaleString()} of ${total.toLocaleString()}`,
};
