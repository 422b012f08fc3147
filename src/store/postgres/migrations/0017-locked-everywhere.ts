import type { Migration } from "../migrate.ts";

/** Locked users of all organisations in one list. */
export const lockedEverywhere: Migration = {
  number: 17,
  name: "locked-everywhere",
  sql: `
CREATE INDEX users_by_lock_time_everywhere ON subjects (lock_time, org_id, user_id)
  WHERE lock_time IS NOT NULL AND user_id IS NOT NULL;
-- A lock writes the same for a name as for a user; and such names are counted by it.
CREATE INDEX names_by_lock_time_everywhere ON subjects (lock_time, org_id)
  WHERE lock_time IS NOT NULL AND name_hash IS NOT NULL;
`,
};
