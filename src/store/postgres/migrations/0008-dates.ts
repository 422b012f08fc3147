import type { Migration } from "../migrate.ts";

// Dates in microseconds, one for each event. Nodes of the version before do not know them, and go on with milliseconds, which this version
// writes too; what they write is dated by them until `dated`.
/** Where dates of events in microseconds are to be. */
export const dates: Migration = {
  number: 8,
  name: "dates",
  sql: `
ALTER TABLE events ADD COLUMN creation_micros BIGINT;
ALTER TABLE events ALTER COLUMN creation_date SET DEFAULT 0;
ALTER TABLE name_events ADD COLUMN creation_micros BIGINT;
-- The date of the last event.
ALTER TABLE log_head ADD COLUMN date_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE name_log_head ADD COLUMN date_micros BIGINT NOT NULL DEFAULT 0;
-- 0 until they are those of their events.
ALTER TABLE policies ADD COLUMN creation_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN change_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE policies ALTER COLUMN creation_date SET DEFAULT 0;
ALTER TABLE policies ALTER COLUMN change_date SET DEFAULT 0;
`,
};
