import type { Migration } from "../migrate.ts";

/**
 * How many users each organisation has. What nodes of the version before add meanwhile is not counted: the quota is then reached
 * a little later.
 */
export const userCounts: Migration = {
  number: 7,
  name: "user-counts",
  sql: `
-- How many users each organisation has, since to count them for each new one would be slow.
CREATE TABLE user_counts (
  org_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  count BIGINT NOT NULL
);
INSERT INTO user_counts (org_id, count)
  SELECT org_id, count(*) FROM subjects WHERE user_id IS NOT NULL GROUP BY org_id;
`,
};
