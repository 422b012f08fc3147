import type { Migration } from "../migrate.ts";

/** How many users are locked. */
export const lockedCounts: Migration = {
  number: 18,
  name: "locked-counts",
  sql: `
-- How many users of each organisation are locked, for each reason, since to count them for each look at the metrics would be slow.
CREATE TABLE locked_counts (
  org_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (org_id, reason)
) STRICT, WITHOUT ROWID;
INSERT INTO locked_counts (org_id, reason, count)
  SELECT org_id, lock_reason, count(*) FROM subjects
  WHERE user_id IS NOT NULL AND lock_reason IS NOT NULL GROUP BY org_id, lock_reason;

-- By triggers, so that whatever writes a subject counts: commands, tools, a copy.
CREATE TRIGGER locked_by_insert AFTER INSERT ON subjects
WHEN NEW.user_id IS NOT NULL AND NEW.lock_reason IS NOT NULL
BEGIN
  INSERT INTO locked_counts (org_id, reason, count) VALUES (NEW.org_id, NEW.lock_reason, 1)
    ON CONFLICT (org_id, reason) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER locked_by_delete AFTER DELETE ON subjects
WHEN OLD.user_id IS NOT NULL AND OLD.lock_reason IS NOT NULL
BEGIN
  UPDATE locked_counts SET count = count - 1 WHERE org_id = OLD.org_id AND reason = OLD.lock_reason;
END;
CREATE TRIGGER locked_by_update AFTER UPDATE OF lock_reason ON subjects
WHEN NEW.user_id IS NOT NULL AND NEW.lock_reason IS NOT OLD.lock_reason
BEGIN
  UPDATE locked_counts SET count = count - 1 WHERE org_id = OLD.org_id AND reason = OLD.lock_reason;
  INSERT INTO locked_counts (org_id, reason, count) SELECT NEW.org_id, NEW.lock_reason, 1 WHERE NEW.lock_reason IS NOT NULL
    ON CONFLICT (org_id, reason) DO UPDATE SET count = count + 1;
END;
`,
};
