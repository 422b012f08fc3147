import type { Migration } from "../migrate.ts";

/** Personal access tokens of service accounts: with the roles of the account, and gone with it. To nodes of the version before they have no roles. */
export const accountTokens: Migration = {
  number: 29,
  name: "account-tokens",
  sql: `
ALTER TABLE tokens ADD COLUMN account_id TEXT COLLATE "C" REFERENCES accounts ON DELETE CASCADE;
CREATE INDEX tokens_by_account ON tokens (account_id, id) WHERE account_id IS NOT NULL;
ALTER TABLE revoked_tokens ADD COLUMN account_id TEXT COLLATE "C";
`,
};
