import type { Migration } from "../migrate.ts";

/** How many users each organisation has. */
export const userCounts: Migration = {
  number: 8,
  name: "user-counts",
  sql: `
-- How many users each organisation has, since to count them for each new one would be slow.
CREATE TABLE user_counts (
  org_id TEXT NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO user_counts (org_id, count)
  SELECT org_id, count(*) FROM subjects WHERE user_id IS NOT NULL GROUP BY org_id;
`,
};
