import type { Migration } from "../migrate.ts";

/** Known devices. */
export const devices: Migration = {
  number: 24,
  name: "devices",
  sql: `
-- JSON: which are known, since when, and what of their chances is used. With the row it is locked from when it is read until it is written.
ALTER TABLE subjects ADD COLUMN devices TEXT;
-- The device whose chance the attempt holds, and how often all devices had been forgotten when it was begun.
ALTER TABLE attempts ADD COLUMN device TEXT;
ALTER TABLE attempts ADD COLUMN device_generation INTEGER NOT NULL DEFAULT 0;
`,
};
