import type { Migration } from "../migrate.ts";

/** Locks that end by themselves, and failures and locks in a row. Nodes of the version before count none. */
export const timedLocks: Migration = {
  number: 14,
  name: "timed-locks",
  sql: `
-- When the lock ends by itself, and of which factor the failures were that caused it.
ALTER TABLE subjects ADD COLUMN lock_end BIGINT;
ALTER TABLE subjects ADD COLUMN lock_factor TEXT;
CREATE INDEX subjects_by_lock_end ON subjects (lock_end) WHERE lock_end IS NOT NULL;
-- Since the last success, password change or unlock: at least those that count.
ALTER TABLE counters ADD COLUMN failed_in_row BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN locks_in_row BIGINT NOT NULL DEFAULT 0;
UPDATE counters SET failed_in_row = failed WHERE failed > 0;
`,
};
