import type { Migration } from "../migrate.ts";

/**
 * What was there before such changes were events has no beginning in the log, and none is made up: a mark tells it from what
 * follows, all of whose changes are events. Who writes a row need not know the column.
 */
export const recorded: Migration = {
  number: 4,
  name: "recorded",
  sql: `
ALTER TABLE orgs ADD COLUMN recorded INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tokens ADD COLUMN recorded INTEGER NOT NULL DEFAULT 1;
ALTER TABLE subjects ADD COLUMN recorded INTEGER NOT NULL DEFAULT 1;
UPDATE orgs SET recorded = 0;
UPDATE tokens SET recorded = 0;
UPDATE subjects SET recorded = 0 WHERE user_id IS NOT NULL;
`,
};
