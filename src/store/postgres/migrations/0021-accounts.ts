import type { Migration } from "../migrate.ts";

/** Service accounts and their keys. */
export const accounts: Migration = {
  number: 21,
  name: "accounts",
  sql: `
CREATE TABLE accounts (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs,
  -- The client id, as it was given.
  login_name TEXT COLLATE "C" NOT NULL,
  folded_name TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  -- JSON, a list of names.
  roles TEXT COLLATE "C" NOT NULL,
  creation_date BIGINT NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  lock_time BIGINT,
  lock_by TEXT COLLATE "C",
  secret_id TEXT COLLATE "C",
  secret_hash BYTEA CHECK (length(secret_hash) = 32)
);
CREATE INDEX accounts_by_org ON accounts (org_id, creation_date, id);
CREATE INDEX accounts_by_creation ON accounts (creation_date, id);
CREATE TABLE account_keys (
  account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
  id TEXT COLLATE "C" NOT NULL,
  algorithm TEXT COLLATE "C" NOT NULL,
  -- DER, SubjectPublicKeyInfo.
  public_key BYTEA NOT NULL,
  creation_date BIGINT NOT NULL,
  expiration_date BIGINT,
  PRIMARY KEY (account_id, id)
);
-- Of accounts that are gone: the names of the editors of events.
CREATE TABLE removed_accounts (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  login_name TEXT COLLATE "C" NOT NULL
);
`,
};
