import type { Migration } from "../migrate.ts";

/** Hooks, what waits at them, their deliveries, and who sends. */
export const hooks: Migration = {
  number: 23,
  name: "hooks",
  sql: `
CREATE TABLE hooks (
  id TEXT NOT NULL PRIMARY KEY,
  -- Empty for the instance's.
  org_id TEXT NOT NULL,
  url TEXT NOT NULL,
  event_types TEXT NOT NULL,
  presets TEXT NOT NULL,
  secret TEXT NOT NULL,
  old_secret TEXT,
  old_secret_expiration INTEGER,
  disable_reason TEXT,
  creation_date INTEGER NOT NULL,
  change_date INTEGER NOT NULL,
  since INTEGER NOT NULL,
  position INTEGER NOT NULL,
  last_success INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX hooks_by_owner ON hooks (org_id, creation_date, id);

CREATE TABLE hook_retries (
  hook_id TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
  aggregate_type TEXT NOT NULL,
  resource_owner TEXT NOT NULL,
  aggregate_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  next_time INTEGER NOT NULL,
  PRIMARY KEY (hook_id, aggregate_type, resource_owner, aggregate_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_deliveries (
  hook_id TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  position INTEGER,
  attempt INTEGER NOT NULL,
  time INTEGER NOT NULL,
  status INTEGER NOT NULL,
  error TEXT NOT NULL,
  response TEXT NOT NULL,
  next_time INTEGER,
  outcome TEXT NOT NULL,
  PRIMARY KEY (hook_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_deliveries_by_time ON hook_deliveries (time);

CREATE TABLE hook_sender (
  only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
  -- How far all hooks are that say no greater position.
  position INTEGER,
  holder TEXT NOT NULL DEFAULT '',
  lease_end INTEGER NOT NULL DEFAULT 0
) STRICT;
`,
};
