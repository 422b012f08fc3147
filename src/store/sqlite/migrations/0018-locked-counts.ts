import type { Migration } from "../migrate.ts";

/** How many users are locked. Login names that lead to nobody are counted too, so that a lock is written alike. */
export const lockedCounts: Migration = {
  number: 18,
  name: "locked-counts",
  sql: `
-- How many users of each organisation are locked, for each reason, since to count them for each look at the metrics would be slow.
CREATE TABLE locked_counts (
  org_id TEXT NOT NULL,
  -- Whether they are users, or login names that lead to nobody.
  kind TEXT NOT NULL CHECK (kind IN ('user', 'name')),
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (org_id, kind, reason)
) STRICT, WITHOUT ROWID;
INSERT INTO locked_counts (org_id, kind, reason, count)
  SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END AS kind, lock_reason, count(*) FROM subjects
  WHERE lock_reason IS NOT NULL GROUP BY 1, 2, 3;

-- By triggers, so that whatever writes a subject counts: commands, tools, a copy.
CREATE TRIGGER locked_by_insert AFTER INSERT ON subjects
WHEN NEW.lock_reason IS NOT NULL
BEGIN
  INSERT INTO locked_counts (org_id, kind, reason, count)
    VALUES (NEW.org_id, CASE WHEN NEW.user_id IS NULL THEN 'name' ELSE 'user' END, NEW.lock_reason, 1)
    ON CONFLICT (org_id, kind, reason) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER locked_by_delete AFTER DELETE ON subjects
WHEN OLD.lock_reason IS NOT NULL
BEGIN
  UPDATE locked_counts SET count = count - 1 WHERE org_id = OLD.org_id
    AND kind = CASE WHEN OLD.user_id IS NULL THEN 'name' ELSE 'user' END AND reason = OLD.lock_reason;
END;
CREATE TRIGGER locked_by_update AFTER UPDATE OF lock_reason ON subjects
WHEN NEW.lock_reason IS NOT OLD.lock_reason
BEGIN
  UPDATE locked_counts SET count = count - 1 WHERE org_id = OLD.org_id
    AND kind = CASE WHEN OLD.user_id IS NULL THEN 'name' ELSE 'user' END AND reason = OLD.lock_reason;
  INSERT INTO locked_counts (org_id, kind, reason, count)
    SELECT NEW.org_id, CASE WHEN NEW.user_id IS NULL THEN 'name' ELSE 'user' END, NEW.lock_reason, 1 WHERE NEW.lock_reason IS NOT NULL
    ON CONFLICT (org_id, kind, reason) DO UPDATE SET count = count + 1;
END;
`,
};
