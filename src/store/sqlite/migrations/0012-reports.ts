import type { Migration } from "../migrate.ts";

/** Reports with idempotency keys. */
export const reports: Migration = {
  number: 12,
  name: "reports",
  sql: `
-- What reports with a key returned, for some minutes. Keys and requests are keyed hashes.
CREATE TABLE reports (
  org_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  report_time INTEGER NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (org_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_by_time ON reports (report_time);
`,
};
