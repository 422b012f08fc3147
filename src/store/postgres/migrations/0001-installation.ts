import type { Migration } from "../migrate.ts";

/**
 * The first schema: all tables. Times are milliseconds since 1970 UTC. Texts are compared byte by byte, as SQLite does: pages
 * and copies have one order on both engines. What has no foreign key outlives what it is about.
 */
export const installation: Migration = {
  number: 1,
  name: "installation",
  sql: `
CREATE TABLE orgs (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  creation_date BIGINT NOT NULL
);

CREATE TABLE instance (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  id TEXT NOT NULL,
  first_org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id),
  creation_date BIGINT NOT NULL
);

CREATE TABLE tokens (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  hash BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
  name TEXT NOT NULL,
  org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id),
  roles TEXT NOT NULL,
  creation_date BIGINT NOT NULL,
  expiration_date BIGINT
);

CREATE TABLE policies (
  owner_kind TEXT COLLATE "C" NOT NULL CHECK (owner_kind IN ('instance', 'org')),
  resource_owner TEXT COLLATE "C" NOT NULL,
  max_password_attempts BIGINT NOT NULL,
  max_otp_attempts BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  creation_date BIGINT NOT NULL,
  change_date BIGINT NOT NULL,
  PRIMARY KEY (owner_kind, resource_owner)
);

-- The last sequence of the owners of policies, with one or without. Who changes a policy locks the owner's row.
CREATE TABLE policy_owners (
  owner_kind TEXT COLLATE "C" NOT NULL,
  resource_owner TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (owner_kind, resource_owner)
);

CREATE TABLE events (
  position BIGINT NOT NULL PRIMARY KEY,
  aggregate_type TEXT COLLATE "C" NOT NULL,
  aggregate_id TEXT COLLATE "C" NOT NULL,
  resource_owner TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  editor TEXT COLLATE "C" NOT NULL,
  creation_date BIGINT NOT NULL,
  payload TEXT
);
CREATE UNIQUE INDEX events_by_aggregate
  ON events (aggregate_id, aggregate_type, resource_owner, sequence);
CREATE INDEX events_by_resource_owner ON events (resource_owner, position);
CREATE INDEX events_by_type ON events (type, position);
CREATE INDEX events_by_editor ON events (editor, position);

-- The last position. Who appends events locks it last, until the commit: so positions are in the order of the commits.
CREATE TABLE log_head (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  position BIGINT NOT NULL
);
INSERT INTO log_head (only_one, position) VALUES (1, 0);

-- Whose secrets are guessed at: users, and login names that no user has. Nodes take keys by the thousand.
CREATE SEQUENCE subject_keys INCREMENT BY 1000;
CREATE SEQUENCE name_recency;
CREATE TABLE subjects (
  key BIGINT NOT NULL PRIMARY KEY,
  org_id TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C",
  -- Events up to this position are of somebody before, who had the same id and was deleted.
  since_position BIGINT NOT NULL,
  -- The sequence of the user's last event.
  sequence BIGINT NOT NULL,
  name_hash BYTEA,
  -- Of names: greater for those that were asked about later.
  recency BIGINT,
  account TEXT NOT NULL CHECK (account IN ('active', 'initial', 'inactive')),
  lock_reason TEXT,
  lock_time BIGINT,
  lock_by TEXT,
  CHECK ((user_id IS NULL) = (name_hash IS NOT NULL)),
  CHECK ((name_hash IS NULL) = (recency IS NULL)),
  CHECK ((lock_reason IS NULL) = (lock_time IS NULL) AND (lock_time IS NULL) = (lock_by IS NULL))
);
-- None may stand in for another: a plan made without statistics would go through all rows of an organisation for each user.
CREATE UNIQUE INDEX users_by_org ON subjects (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX users_by_id ON subjects (user_id, key) WHERE user_id IS NOT NULL;
CREATE INDEX users_by_lock_time ON subjects (org_id, lock_time, user_id) WHERE lock_time IS NOT NULL;
CREATE UNIQUE INDEX names_by_hash ON subjects (org_id, name_hash) WHERE name_hash IS NOT NULL;
CREATE INDEX names_by_recency ON subjects (recency) WHERE recency IS NOT NULL;

CREATE TABLE names (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  hash_key BYTEA NOT NULL
);

CREATE TABLE aliases (
  org_id TEXT COLLATE "C" NOT NULL,
  folded TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL,
  subject BIGINT NOT NULL REFERENCES subjects (key) ON DELETE CASCADE,
  -- Its place among the subject's aliases.
  place BIGINT NOT NULL,
  PRIMARY KEY (org_id, folded)
);
CREATE INDEX aliases_by_subject ON aliases (subject, place);

CREATE TABLE counters (
  subject BIGINT NOT NULL REFERENCES subjects (key) ON DELETE CASCADE,
  factor TEXT COLLATE "C" NOT NULL,
  failed BIGINT NOT NULL CHECK (failed >= 0),
  open BIGINT NOT NULL CHECK (open >= 0),
  last_failure BIGINT,
  PRIMARY KEY (subject, factor)
);

CREATE TABLE attempts (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  subject BIGINT NOT NULL,
  factor TEXT NOT NULL,
  client TEXT,
  expire_time BIGINT NOT NULL,
  outcome TEXT,
  result TEXT,
  CHECK ((outcome IS NULL) = (result IS NULL))
);
CREATE INDEX open_attempts_by_subject ON attempts (subject, expire_time) WHERE outcome IS NULL;
CREATE INDEX open_attempts_by_expiry ON attempts (expire_time) WHERE outcome IS NULL;

-- Who makes ids with which machine number, and until when: the holder renews it.
CREATE TABLE machines (
  number BIGINT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  lease_end BIGINT NOT NULL
);
INSERT INTO machines (number, holder, lease_end) SELECT n, '', 0 FROM generate_series(0, 999) AS n;
`,
};
