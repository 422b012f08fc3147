import type { Migration } from "../migrate.ts";

/** Figures of activity. */
export const activity: Migration = {
  number: 26,
  name: "activity",
  sql: `
-- How much was tried, locked and unlocked. Nodes add what they counted each second: no event is read for it.
CREATE TABLE activity (
  unit TEXT NOT NULL CHECK (unit IN ('minute', 'hour', 'day')),
  -- Empty for all organisations together.
  org_id TEXT NOT NULL,
  -- When it begins.
  time INTEGER NOT NULL,
  attempts_proceed INTEGER NOT NULL,
  attempts_locked INTEGER NOT NULL,
  attempts_busy INTEGER NOT NULL,
  attempts_throttled INTEGER NOT NULL,
  attempts_inactive INTEGER NOT NULL,
  completed_succeeded INTEGER NOT NULL,
  completed_failed INTEGER NOT NULL,
  completed_not_a_guess INTEGER NOT NULL,
  completed_expired INTEGER NOT NULL,
  locks INTEGER NOT NULL,
  unlocks INTEGER NOT NULL,
  PRIMARY KEY (unit, org_id, time)
) STRICT, WITHOUT ROWID;
-- Old minutes and hours are removed by it.
CREATE INDEX activity_by_time ON activity (unit, time);
`,
};
