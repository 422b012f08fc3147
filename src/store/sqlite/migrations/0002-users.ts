import type { Migration } from "../migrate.ts";

/** Users, login names, counters and attempts. */
export const users: Migration = {
  number: 2,
  name: "users",
  sql: `
-- Whose secrets are guessed at: users, and login names that no user has. Keys are never given twice: an
-- attempt that outlives its subject must not find another one.
CREATE TABLE subjects (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id TEXT NOT NULL,
  user_id TEXT,
  -- Events up to this position are of somebody before, who had the same id and was deleted.
  since_position INTEGER NOT NULL,
  name_hash BLOB,
  -- Of names: greater for those that were asked about later.
  recency INTEGER,
  account TEXT NOT NULL CHECK (account IN ('active', 'initial', 'inactive')),
  lock_reason TEXT,
  lock_time INTEGER,
  lock_by TEXT,
  CHECK ((user_id IS NULL) = (name_hash IS NOT NULL)),
  CHECK ((name_hash IS NULL) = (recency IS NULL)),
  CHECK ((lock_reason IS NULL) = (lock_time IS NULL) AND (lock_time IS NULL) = (lock_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX users_by_org ON subjects (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX users_by_id ON subjects (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX users_by_lock_time ON subjects (org_id, lock_time, user_id)
  WHERE lock_time IS NOT NULL AND user_id IS NOT NULL;
CREATE UNIQUE INDEX names_by_hash ON subjects (org_id, name_hash) WHERE name_hash IS NOT NULL;
CREATE UNIQUE INDEX names_by_recency ON subjects (recency) WHERE recency IS NOT NULL;

-- The number of names is kept, since to count 100,000 rows for each new one would be slow.
CREATE TABLE names (
  only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
  hash_key BLOB NOT NULL,
  count INTEGER NOT NULL
) STRICT;
INSERT INTO names (only_one, hash_key, count) VALUES (1, randomblob(32), 0);

CREATE TABLE aliases (
  org_id TEXT NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL,
  subject INTEGER NOT NULL REFERENCES subjects (key) ON DELETE CASCADE,
  -- Its place among the subject's aliases.
  place INTEGER NOT NULL,
  PRIMARY KEY (org_id, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_subject ON aliases (subject, place);

CREATE TABLE counters (
  subject INTEGER NOT NULL REFERENCES subjects (key) ON DELETE CASCADE,
  factor TEXT NOT NULL,
  failed INTEGER NOT NULL CHECK (failed >= 0),
  open INTEGER NOT NULL CHECK (open >= 0),
  last_failure INTEGER,
  PRIMARY KEY (subject, factor)
) STRICT, WITHOUT ROWID;

-- Closed attempts need no index but their ids, so they have none to keep up; therefore no foreign key either,
-- which would search for them.
CREATE TABLE attempts (
  id TEXT NOT NULL PRIMARY KEY,
  subject INTEGER NOT NULL,
  factor TEXT NOT NULL,
  client TEXT,
  expire_time INTEGER NOT NULL,
  outcome TEXT,
  result TEXT,
  CHECK ((outcome IS NULL) = (result IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX open_attempts_by_subject ON attempts (subject, expire_time) WHERE outcome IS NULL;
CREATE INDEX open_attempts_by_expiry ON attempts (expire_time) WHERE outcome IS NULL;
`,
};
