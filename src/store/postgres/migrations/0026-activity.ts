import type { Migration } from "../migrate.ts";

/** Figures of activity. */
export const activity: Migration = {
  number: 26,
  name: "activity",
  sql: `
-- How much was tried, locked and unlocked. Nodes add what they counted each second: no event is read for it.
CREATE TABLE activity (
  unit TEXT COLLATE "C" NOT NULL CHECK (unit IN ('minute', 'hour', 'day')),
  -- Empty for all organisations together.
  org_id TEXT COLLATE "C" NOT NULL,
  -- When it begins.
  time BIGINT NOT NULL,
  attempts_proceed BIGINT NOT NULL,
  attempts_locked BIGINT NOT NULL,
  attempts_busy BIGINT NOT NULL,
  attempts_throttled BIGINT NOT NULL,
  attempts_inactive BIGINT NOT NULL,
  completed_succeeded BIGINT NOT NULL,
  completed_failed BIGINT NOT NULL,
  completed_not_a_guess BIGINT NOT NULL,
  completed_expired BIGINT NOT NULL,
  locks BIGINT NOT NULL,
  unlocks BIGINT NOT NULL,
  PRIMARY KEY (unit, org_id, time)
);
-- Old minutes and hours are removed by it.
CREATE INDEX activity_by_time ON activity (unit, time);
`,
};
