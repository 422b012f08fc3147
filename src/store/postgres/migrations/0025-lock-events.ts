import type { Migration } from "../migrate.ts";

/** The locks of a user, however much happened since. */
export const lockEvents: Migration = {
  number: 25,
  name: "lock-events",
  sql: `
CREATE INDEX lock_events ON events (aggregate_id, aggregate_type, resource_owner, sequence)
  WHERE type IN ('user.locked', 'user.factor.locked');
-- A lock writes the same for a name as for a user.
CREATE INDEX name_lock_events ON name_events (aggregate_id, aggregate_type, resource_owner, sequence)
  WHERE type IN ('user.locked', 'user.factor.locked');
`,
};
