import type { Migration } from "../migrate.ts";

/** Organisations that were removed: their rows stay, so that no id is given again. To nodes of the version before they are still there. */
export const removedOrgs: Migration = {
  number: 31,
  name: "removed-orgs",
  sql: `
ALTER TABLE orgs ADD COLUMN removal_date BIGINT;
-- Of one that was removed: whether nothing else of it is left.
ALTER TABLE orgs ADD COLUMN is_cleared BIGINT NOT NULL DEFAULT 0;
CREATE INDEX orgs_to_clear ON orgs (id) WHERE removal_date IS NOT NULL AND is_cleared = 0;
CREATE INDEX removed_orgs ON orgs (id) WHERE removal_date IS NOT NULL;
CREATE INDEX present_orgs_by_creation ON orgs (creation_date, id) WHERE removal_date IS NULL;
CREATE INDEX tokens_by_org ON tokens (org_id, id);
-- Has no rows: who removes an organisation locks it alone, and all other changes share it.
CREATE TABLE org_removal (only_one BIGINT);
`,
};
