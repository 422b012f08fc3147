import type { Migration } from "../migrate.ts";

/** Many locks of an organisation. */
export const storms: Migration = {
  number: 28,
  name: "storms",
  sql: `
-- Locks by failures, to be counted when the storms of the organisation are settled. Those of login names that no user has are none.
CREATE SEQUENCE noted_lock_keys;
CREATE TABLE noted_locks (
  key BIGINT NOT NULL PRIMARY KEY DEFAULT nextval('noted_lock_keys'),
  org_id TEXT COLLATE "C" NOT NULL,
  lock_time BIGINT NOT NULL,
  is_name BIGINT NOT NULL
);
CREATE INDEX noted_locks_by_org ON noted_locks (org_id, lock_time, key);
-- What is known of the storms of an organisation, as JSON, where something is; when it is settled next, and was settled last.
CREATE TABLE storms (
  org_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  storm TEXT COLLATE "C" NOT NULL,
  due_time BIGINT NOT NULL,
  settled_time BIGINT NOT NULL
);
CREATE INDEX storms_by_due ON storms (due_time);
CREATE INDEX storms_by_settled ON storms (settled_time);
`,
};
