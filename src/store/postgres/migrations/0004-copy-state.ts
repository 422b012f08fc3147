import type { Migration } from "../migrate.ts";

/** The mark of a database that a copy has not finished. */
export const copyState: Migration = {
  number: 4,
  name: "copy-state",
  sql: `
-- A row as long as this database is the target of a copy that is not known to be like its source.
CREATE TABLE copy_state (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  state TEXT NOT NULL CHECK (state IN ('unfinished', 'different'))
);
`,
};
