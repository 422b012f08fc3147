import type { Migration } from "../migrate.ts";

/** When an attempt was begun, to notice a clock that was set back. */
export const attempts: Migration = {
  number: 6,
  name: "attempts",
  sql: `
-- Later than now where the clock was set back since; null where the version before began it.
ALTER TABLE attempts ADD COLUMN begin_time BIGINT;
`,
};
