import type { Migration } from "../migrate.ts";

/** Hooks, what waits at them, their deliveries, and who sends. Nodes of the version before send nothing. */
export const hooks: Migration = {
  number: 23,
  name: "hooks",
  sql: `
CREATE TABLE hooks (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  -- Empty for the instance's.
  org_id TEXT COLLATE "C" NOT NULL,
  url TEXT COLLATE "C" NOT NULL,
  event_types TEXT COLLATE "C" NOT NULL,
  presets TEXT COLLATE "C" NOT NULL,
  secret TEXT COLLATE "C" NOT NULL,
  old_secret TEXT COLLATE "C",
  old_secret_expiration BIGINT,
  disable_reason TEXT COLLATE "C",
  creation_date BIGINT NOT NULL,
  change_date BIGINT NOT NULL,
  since BIGINT NOT NULL,
  position BIGINT NOT NULL,
  last_success BIGINT
);
CREATE INDEX hooks_by_owner ON hooks (org_id, creation_date, id);

CREATE TABLE hook_retries (
  hook_id TEXT COLLATE "C" NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
  aggregate_type TEXT COLLATE "C" NOT NULL,
  resource_owner TEXT COLLATE "C" NOT NULL,
  aggregate_id TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  first_time BIGINT NOT NULL,
  next_time BIGINT NOT NULL,
  PRIMARY KEY (hook_id, aggregate_type, resource_owner, aggregate_id)
);

CREATE TABLE hook_deliveries (
  hook_id TEXT COLLATE "C" NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
  id TEXT COLLATE "C" NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL,
  position BIGINT,
  attempt BIGINT NOT NULL,
  time BIGINT NOT NULL,
  status BIGINT NOT NULL,
  error TEXT COLLATE "C" NOT NULL,
  response TEXT COLLATE "C" NOT NULL,
  next_time BIGINT,
  outcome TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (hook_id, id)
);
CREATE INDEX hook_deliveries_by_time ON hook_deliveries (time);

CREATE TABLE hook_sender (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  -- How far all hooks are that say no greater position.
  position BIGINT,
  holder TEXT COLLATE "C" NOT NULL DEFAULT '',
  lease_end BIGINT NOT NULL DEFAULT 0
);
`,
};
