import { lastLockSql } from "../../shared/last-lock.ts";
import type { Migration } from "../migrate.ts";

/** Locks of one factor each. Nodes of the version before know none. */
export const factorLocks: Migration = {
  number: 20,
  name: "factor-locks",
  sql: `
-- JSON: the lock of each factor that is locked by itself. When the last of them began, and when the first of them ends by itself.
ALTER TABLE subjects ADD COLUMN factor_locks TEXT;
ALTER TABLE subjects ADD COLUMN factor_lock_time BIGINT;
ALTER TABLE subjects ADD COLUMN factor_lock_end BIGINT;
CREATE INDEX subjects_by_factor_lock_end ON subjects (factor_lock_end) WHERE factor_lock_end IS NOT NULL;
-- By the last lock, of the user or of a factor.
CREATE INDEX users_by_last_lock ON subjects (org_id, (${lastLockSql}), user_id)
  WHERE user_id IS NOT NULL AND ${lastLockSql} IS NOT NULL;
CREATE INDEX users_by_last_lock_everywhere ON subjects ((${lastLockSql}), org_id, user_id)
  WHERE user_id IS NOT NULL AND ${lastLockSql} IS NOT NULL;
CREATE INDEX names_by_last_lock_everywhere ON subjects ((${lastLockSql}), org_id)
  WHERE name_hash IS NOT NULL AND ${lastLockSql} IS NOT NULL;
`,
};
