import type { Migration } from "../migrate.ts";

/** What service accounts are for. Nodes of the version before give them none. */
export const accountDescriptions: Migration = {
  number: 30,
  name: "account-descriptions",
  sql: "ALTER TABLE accounts ADD COLUMN description TEXT NOT NULL DEFAULT '';",
};
