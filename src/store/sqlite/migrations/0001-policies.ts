import type { Migration } from "../migrate.ts";

/**
 * The instance, organisations, policies, tokens and the log of events. Times are milliseconds since 1970 UTC. Columns that carry
 * a reference to an organisation in policies and events have no foreign key: a policy's owner is checked by the callers, and
 * events outlive what they are about.
 */
export const policies: Migration = {
  number: 1,
  name: "policies",
  sql: `
CREATE TABLE orgs (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  creation_date INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
  only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
  id TEXT NOT NULL,
  first_org_id TEXT NOT NULL REFERENCES orgs (id),
  creation_date INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
  id TEXT NOT NULL PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  name TEXT NOT NULL,
  org_id TEXT NOT NULL REFERENCES orgs (id),
  roles TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  expiration_date INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
  owner_kind TEXT NOT NULL CHECK (owner_kind IN ('instance', 'org')),
  resource_owner TEXT NOT NULL,
  max_password_attempts INTEGER NOT NULL,
  max_otp_attempts INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  creation_date INTEGER NOT NULL,
  change_date INTEGER NOT NULL,
  PRIMARY KEY (owner_kind, resource_owner)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: who resumes from a position must never meet it twice, even if old events were removed.
CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  aggregate_type TEXT NOT NULL,
  aggregate_id TEXT NOT NULL,
  resource_owner TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  type TEXT NOT NULL,
  editor TEXT NOT NULL,
  creation_date INTEGER NOT NULL,
  payload TEXT
) STRICT;

-- Finds the last sequence, and also the events of an aggregate by its id alone.
CREATE UNIQUE INDEX events_by_aggregate
  ON events (aggregate_id, aggregate_type, resource_owner, sequence);
CREATE INDEX events_by_resource_owner ON events (resource_owner);
CREATE INDEX events_by_type ON events (type);
CREATE INDEX events_by_editor ON events (editor);
`,
};
