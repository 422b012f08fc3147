import type { Migration } from "../migrate.ts";

/**
 * How many users are locked. Login names that lead to nobody are counted too, so that a lock is written alike. Triggers count for each statement, not for each row, in the order of the keys, so that batches of several nodes
 * lock the counts in one order.
 */
export const lockedCounts: Migration = {
  number: 18,
  name: "locked-counts",
  sql: `
-- How many users of each organisation are locked, for each reason, since to count them for each look at the metrics would be slow.
CREATE TABLE locked_counts (
  org_id TEXT COLLATE "C" NOT NULL,
  -- Whether they are users, or login names that lead to nobody.
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('user', 'name')),
  reason TEXT COLLATE "C" NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (org_id, kind, reason)
);
INSERT INTO locked_counts (org_id, kind, reason, count)
  SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END, lock_reason, count(*) FROM subjects
  WHERE lock_reason IS NOT NULL GROUP BY 1, 2, 3;

-- By triggers, so that whatever writes a subject counts: commands, tools, a copy, nodes of the version before.
CREATE FUNCTION count_locked_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO locked_counts (org_id, kind, reason, count)
    SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END, lock_reason, count(*) FROM new_subjects
    WHERE lock_reason IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (org_id, kind, reason) DO UPDATE SET count = locked_counts.count + excluded.count;
  RETURN NULL;
END $$;
CREATE FUNCTION count_locked_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO locked_counts (org_id, kind, reason, count)
    SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END, lock_reason, -count(*) FROM old_subjects
    WHERE lock_reason IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (org_id, kind, reason) DO UPDATE SET count = locked_counts.count + excluded.count;
  RETURN NULL;
END $$;
CREATE FUNCTION count_locked_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO locked_counts (org_id, kind, reason, count)
    SELECT org_id, kind, lock_reason, sum(step) FROM (
      SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END AS kind, lock_reason, 1 AS step FROM new_subjects WHERE lock_reason IS NOT NULL
      UNION ALL
      SELECT org_id, CASE WHEN user_id IS NULL THEN 'name' ELSE 'user' END, lock_reason, -1 FROM old_subjects WHERE lock_reason IS NOT NULL
    ) AS steps GROUP BY 1, 2, 3 HAVING sum(step) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (org_id, kind, reason) DO UPDATE SET count = locked_counts.count + excluded.count;
  RETURN NULL;
END $$;
CREATE TRIGGER locked_by_insert AFTER INSERT ON subjects REFERENCING NEW TABLE AS new_subjects
  FOR EACH STATEMENT EXECUTE FUNCTION count_locked_inserted();
CREATE TRIGGER locked_by_delete AFTER DELETE ON subjects REFERENCING OLD TABLE AS old_subjects
  FOR EACH STATEMENT EXECUTE FUNCTION count_locked_deleted();
CREATE TRIGGER locked_by_update AFTER UPDATE ON subjects REFERENCING OLD TABLE AS old_subjects NEW TABLE AS new_subjects
  FOR EACH STATEMENT EXECUTE FUNCTION count_locked_updated();
`,
};
