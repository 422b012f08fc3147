import type { Migration } from "../migrate.ts";

/**
 * The rank of login names, and a log of their events. Recency and its index are those of the version before, whose nodes make
 * room by them.
 */
export const names: Migration = {
  number: 2,
  name: "names",
  sql: `
-- Of login names: those of a lower rank make room first. As it was when the name was looked at last; see name-rank.ts.
ALTER TABLE subjects ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
CREATE INDEX names_by_rank ON subjects (org_id, rank, key) WHERE name_hash IS NOT NULL;

-- As events and log_head, with the same indexes: what is counted for a name is recorded as for a user, so that it takes as long. Nobody reads
-- it, and only the last ones are kept.
CREATE TABLE name_events (
  position BIGINT NOT NULL PRIMARY KEY,
  aggregate_type TEXT COLLATE "C" NOT NULL,
  aggregate_id TEXT COLLATE "C" NOT NULL,
  resource_owner TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  editor TEXT COLLATE "C" NOT NULL,
  creation_date BIGINT NOT NULL,
  payload TEXT
);
CREATE UNIQUE INDEX name_events_by_aggregate
  ON name_events (aggregate_id, aggregate_type, resource_owner, sequence);
CREATE INDEX name_events_by_resource_owner ON name_events (resource_owner, position);
CREATE INDEX name_events_by_type ON name_events (type, position);
CREATE INDEX name_events_by_editor ON name_events (editor, position);
CREATE TABLE name_log_head (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  position BIGINT NOT NULL
);
INSERT INTO name_log_head (only_one, position) VALUES (1, 0);
`,
};
