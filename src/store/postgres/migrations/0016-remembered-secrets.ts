import type { Migration } from "../migrate.ts";

/** Wrong passwords that count once. */
export const rememberedSecrets: Migration = {
  number: 16,
  name: "remembered-secrets",
  sql: `
-- Keyed hashes of the last wrong passwords, the last one first, with blanks between; NULL where none is remembered.
ALTER TABLE subjects ADD COLUMN remembered_secrets TEXT;
`,
};
