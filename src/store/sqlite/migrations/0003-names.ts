import type { Migration } from "../migrate.ts";

/** The rank of login names, and a log of their events. */
export const names: Migration = {
  number: 3,
  name: "names",
  sql: `
-- Of login names: those of a lower rank make room first. As it was when the name was looked at last; see name-rank.ts.
ALTER TABLE subjects ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
-- Nothing is written any more when a name is only asked about: recency says nothing from now on.
DROP INDEX names_by_recency;
CREATE INDEX names_by_rank ON subjects (org_id, rank) WHERE name_hash IS NOT NULL;
-- As users_by_lock_time: a lock writes the same for a name as for a user.
CREATE INDEX names_by_lock_time ON subjects (org_id, lock_time)
  WHERE lock_time IS NOT NULL AND name_hash IS NOT NULL;

CREATE TABLE name_counts (
  org_id TEXT NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL CHECK (count >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_counts_by_count ON name_counts (count);
INSERT INTO name_counts (org_id, count)
  SELECT org_id, count(*) FROM subjects WHERE name_hash IS NOT NULL GROUP BY org_id;

-- As events, with the same indexes: what is counted for a name is recorded as for a user, so that it takes as long. Nobody reads it, and
-- only the last ones are kept.
CREATE TABLE name_events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  aggregate_type TEXT NOT NULL,
  aggregate_id TEXT NOT NULL,
  resource_owner TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  editor TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  payload TEXT
) STRICT;
CREATE UNIQUE INDEX name_events_by_aggregate
  ON name_events (aggregate_id, aggregate_type, resource_owner, sequence);
CREATE INDEX name_events_by_resource_owner ON name_events (resource_owner);
CREATE INDEX name_events_by_type ON name_events (type);
CREATE INDEX name_events_by_editor ON name_events (editor);
`,
};
