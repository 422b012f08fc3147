import type { Migration } from "../migrate.ts";

/** How far events of attempts were removed. */
export const pruning: Migration = {
  number: 10,
  name: "pruning",
  sql: `
-- A row once some were removed. Of the events of attempts up to this position, but for the last of each user, those that are dated before this were removed.
CREATE TABLE pruning (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  position BIGINT NOT NULL,
  before_micros BIGINT NOT NULL
);
`,
};
