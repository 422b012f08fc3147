import type { Migration } from "../migrate.ts";

/** Service accounts and their keys. */
export const accounts: Migration = {
  number: 21,
  name: "accounts",
  sql: `
CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES orgs,
  -- The client id, as it was given.
  login_name TEXT NOT NULL,
  folded_name TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- JSON, a list of names.
  roles TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  account TEXT NOT NULL,
  lock_time INTEGER,
  lock_by TEXT,
  secret_id TEXT,
  secret_hash BLOB CHECK (length(secret_hash) = 32)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_org ON accounts (org_id, creation_date, id);
CREATE INDEX accounts_by_creation ON accounts (creation_date, id);
CREATE TABLE account_keys (
  account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
  id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  -- DER, SubjectPublicKeyInfo.
  public_key BLOB NOT NULL,
  creation_date INTEGER NOT NULL,
  expiration_date INTEGER,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
-- Of accounts that are gone: the names of the editors of events.
CREATE TABLE removed_accounts (
  id TEXT NOT NULL PRIMARY KEY,
  login_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
};
