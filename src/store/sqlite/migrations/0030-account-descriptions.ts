import type { Migration } from "../migrate.ts";

/** What service accounts are for. */
export const accountDescriptions: Migration = {
  number: 30,
  name: "account-descriptions",
  sql: "ALTER TABLE accounts ADD COLUMN description TEXT NOT NULL DEFAULT '';",
};
