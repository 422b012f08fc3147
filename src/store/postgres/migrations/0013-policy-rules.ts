import type { Migration } from "../migrate.ts";

/** The rules of policies. Nodes of the version before know none. */
export const policyRules: Migration = {
  number: 13,
  name: "policy-rules",
  sql: `
-- Apart from the numbers, since an owner may have either of its own. Rules are the payload of the event with this sequence. A row is
-- written only by who has locked the owner's row in policy_owners.
CREATE TABLE policy_rules (
  owner_kind TEXT COLLATE "C" NOT NULL CHECK (owner_kind IN ('instance', 'org')),
  resource_owner TEXT COLLATE "C" NOT NULL,
  rules TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (owner_kind, resource_owner)
);
`,
};
