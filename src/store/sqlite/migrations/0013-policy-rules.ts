import type { Migration } from "../migrate.ts";

/** The rules of policies. */
export const policyRules: Migration = {
  number: 13,
  name: "policy-rules",
  sql: `
-- Apart from the numbers, since an owner may have either of its own. Rules are the payload of the event with this sequence.
CREATE TABLE policy_rules (
  owner_kind TEXT NOT NULL CHECK (owner_kind IN ('instance', 'org')),
  resource_owner TEXT NOT NULL,
  rules TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (owner_kind, resource_owner)
) STRICT, WITHOUT ROWID;
`,
};
