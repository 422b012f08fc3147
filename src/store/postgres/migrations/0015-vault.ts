import type { Migration } from "../migrate.ts";

/** The key from which all keys of the installation come. */
export const vault: Migration = {
  number: 15,
  name: "vault",
  sql: `
CREATE TABLE vault (
  only_one SMALLINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  -- Sealed by the master key, where there is one.
  data_key BYTEA NOT NULL
);
`,
};
