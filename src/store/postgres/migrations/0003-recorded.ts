import type { Migration } from "../migrate.ts";

/**
 * What was there before such changes were events has no beginning in the log, and none is made up: a mark tells it from what
 * follows, all of whose changes are events. Nodes of the version before go on for a while: users whom they register without an
 * event, as each login of somebody new does, must not look like a fault. So of users the mark is set by who writes the event.
 */
export const recorded: Migration = {
  number: 3,
  name: "recorded",
  sql: `
ALTER TABLE orgs ADD COLUMN recorded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orgs ALTER COLUMN recorded SET DEFAULT 1;
ALTER TABLE tokens ADD COLUMN recorded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ALTER COLUMN recorded SET DEFAULT 1;
ALTER TABLE subjects ADD COLUMN recorded BIGINT NOT NULL DEFAULT 0;
`,
};
