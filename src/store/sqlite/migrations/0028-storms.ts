import type { Migration } from "../migrate.ts";

/** Many locks of an organisation. */
export const storms: Migration = {
  number: 28,
  name: "storms",
  sql: `
-- Locks by failures, to be counted when the storms of the organisation are settled. Those of login names that no user has are none.
CREATE TABLE noted_locks (
  key INTEGER PRIMARY KEY,
  org_id TEXT NOT NULL,
  lock_time INTEGER NOT NULL,
  is_name INTEGER NOT NULL
) STRICT;
CREATE INDEX noted_locks_by_org ON noted_locks (org_id, lock_time, key);
-- What is known of the storms of an organisation, as JSON, where something is; when it is settled next, and was settled last.
CREATE TABLE storms (
  org_id TEXT NOT NULL PRIMARY KEY,
  storm TEXT NOT NULL,
  due_time INTEGER NOT NULL,
  settled_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX storms_by_due ON storms (due_time);
CREATE INDEX storms_by_settled ON storms (settled_time);
`,
};
