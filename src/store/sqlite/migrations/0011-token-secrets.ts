import type { Migration } from "../migrate.ts";

/** Rotated secrets, the last use of tokens, and tokens that were revoked. */
export const tokenSecrets: Migration = {
  number: 11,
  name: "token-secrets",
  sql: `
-- The hour of the last use.
ALTER TABLE tokens ADD COLUMN last_use_date INTEGER;
-- The secret that a rotation replaced is good before this time.
ALTER TABLE tokens ADD COLUMN old_hash BLOB CHECK (length(old_hash) = 32);
ALTER TABLE tokens ADD COLUMN old_expiration_date INTEGER;
CREATE UNIQUE INDEX tokens_by_old_hash ON tokens (old_hash) WHERE old_hash IS NOT NULL;

-- A table of its own: who looks for a secret finds none of these.
CREATE TABLE revoked_tokens (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  org_id TEXT NOT NULL,
  roles TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  expiration_date INTEGER,
  last_use_date INTEGER,
  revoke_date INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orgs_by_creation ON orgs (creation_date, id);
CREATE INDEX tokens_by_creation ON tokens (creation_date, id);
CREATE INDEX revoked_tokens_by_creation ON revoked_tokens (creation_date, id);
`,
};
