import type { Migration } from "../migrate.ts";

/** Reports with idempotency keys. */
export const reports: Migration = {
  number: 12,
  name: "reports",
  sql: `
-- What reports with a key returned, for some minutes. Keys and requests are keyed hashes.
CREATE TABLE reports (
  org_id TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  request TEXT NOT NULL,
  report_time BIGINT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (org_id, key)
);
CREATE INDEX reports_by_time ON reports (report_time);
`,
};
