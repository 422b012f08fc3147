import type { Migration } from "../migrate.ts";

/** The keys that sign access tokens. */
export const signingKeys: Migration = {
  number: 27,
  name: "signing-keys",
  sql: `
CREATE TABLE signing_keys (
  id TEXT NOT NULL PRIMARY KEY,
  -- PKCS#8, sealed.
  private_key BLOB NOT NULL,
  end_date INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
};
