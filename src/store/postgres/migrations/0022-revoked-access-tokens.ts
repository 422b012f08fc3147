import type { Migration } from "../migrate.ts";

/** Access tokens of service accounts that were revoked. */
export const revokedAccessTokens: Migration = {
  number: 22,
  name: "revoked-access-tokens",
  sql: `
-- Until they would have ended by themselves.
CREATE TABLE revoked_access_tokens (
  account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  id TEXT COLLATE "C" NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX revoked_access_tokens_by_expiry ON revoked_access_tokens (expire_time);
`,
};
