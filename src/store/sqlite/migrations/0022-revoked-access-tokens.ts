import type { Migration } from "../migrate.ts";

/** Access tokens of service accounts that were revoked. */
export const revokedAccessTokens: Migration = {
  number: 22,
  name: "revoked-access-tokens",
  sql: `
-- Until they would have ended by themselves.
CREATE TABLE revoked_access_tokens (
  account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
  id TEXT NOT NULL,
  expire_time INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_access_tokens_by_expiry ON revoked_access_tokens (expire_time);
`,
};
