import type { Migration } from "../migrate.ts";

/** Failures by networks. */
export const sources: Migration = {
  number: 19,
  name: "sources",
  sql: `
-- The key is the organisation's id and the network, with a blank between. The level is of the moment level_time, in millionths of a failure.
CREATE TABLE sources (
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  org_id TEXT COLLATE "C" NOT NULL,
  level BIGINT NOT NULL,
  level_time BIGINT NOT NULL,
  empty_time BIGINT NOT NULL
);
CREATE INDEX sources_by_org ON sources (org_id, empty_time);
CREATE INDEX sources_by_end ON sources (empty_time);
CREATE INDEX sources_by_time ON sources (level_time);
-- The source of which an open attempt holds a chance.
ALTER TABLE attempts ADD COLUMN source TEXT COLLATE "C";
CREATE INDEX attempts_by_source ON attempts (source) WHERE outcome IS NULL AND source IS NOT NULL;
`,
};
