import type { Migration } from "../migrate.ts";

/** Organisations that were removed: their rows stay, so that no id is given again. */
export const removedOrgs: Migration = {
  number: 31,
  name: "removed-orgs",
  sql: `
ALTER TABLE orgs ADD COLUMN removal_date INTEGER;
-- Of one that was removed: whether nothing else of it is left.
ALTER TABLE orgs ADD COLUMN is_cleared INTEGER NOT NULL DEFAULT 0;
CREATE INDEX orgs_to_clear ON orgs (id) WHERE removal_date IS NOT NULL AND is_cleared = 0;
DROP INDEX orgs_by_creation;
CREATE INDEX orgs_by_creation ON orgs (creation_date, id) WHERE removal_date IS NULL;
CREATE INDEX tokens_by_org ON tokens (org_id, id);
`,
};
