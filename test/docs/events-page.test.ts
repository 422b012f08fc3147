import { expect, it } from "vitest";
import { eventCatalogue } from "../../src/lockout/events/event.ts";

// The page is made from the catalogue: `npm run docs:reference` writes it anew.
it("docs/reference/events.md lists every type of event", async () => {
  const rows = Object.entries(eventCatalogue).map(
    ([type, { aggregate, when, payload }]) => {
      const fields = Object.entries(payload).map(
        ([name, meaning]) => `\`${name}\`: ${meaning}`,
      );
      return `| \`${type}\` | ${aggregate} | ${when} | ${fields.join("; ")} |`;
    },
  );
  const page = [
    "# Events",
    "",
    "Every change is an event, written in the same transaction: no organisation, token, user, policy or lock comes, changes or goes",
    "without one. But for what is said below, events are never changed or removed. Each has an aggregate (what it is about), the aggregate's resource owner (the organisation, or the",
    "instance), a `sequence` within the aggregate, a date, an editor and perhaps a payload. The editor is the id of the token that",
    "called, or `SYSTEM`: the server itself, as where an attempt was not completed in time, or the command line at the database.",
    "",
    "`ListEvents`, `WatchEvents` and `lockoutd events` show them to callers with the permission `events.read`. To callers who have `user.read` alone",
    "WatchEvents shows `user.*` and `org.lockout.storm.*`, and ListUserEvents `user.*`, of their organisation. Types are ZITADEL's where ZITADEL has one; it has none with `lockout` or `recovery_code` in the name. A field of a payload whose value is unknown is left out.",
    "",
    "Dates are in the order of the log, and no two events have the same one: many events of a millisecond are microseconds apart. After a clock that",
    "was set back, dates go on from the last one by microseconds until the clock has passed it. An attempt that nobody completed is dated to the",
    "moment it expired, where no event came since.",
    "",
    "| type | about | when | payload |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "What is not recorded: attempts that are begun, refused or no guess; reads; login names that no user has (people type passwords",
    "into the wrong field); secrets and their hashes. Names, addresses and devices of a user who is removed stay in the events until the user is erased.",
    "",
    "Events of attempts (`….check.failed`, `….check.succeeded`) are kept for ever, unless a server is started with `--retention`, or",
    "`lockoutd events prune` removes old ones. The last event of a user stays, without its payload, until another one comes, since sequences count on from",
    "it; so the `sequence` of a user's events may have gaps.",
    "",
    "`lockoutd user erase` removes a user and takes addresses, user agents, devices and login names out of the user's events. What remains is the",
    "id, types, dates, sequences, reasons, counts, and notes and tickets of administrators; a keyed hash of each login name that was tried, until others take its place; and what",
    "backups, the request log and other systems have copied.",
    "",
    "What was there before such changes were events (an upgrade from the first version) has no beginning in the log, and none is made",
    "up: of such organisations, tokens and users `lockoutd check` asks for no more than what changed since.",
    "",
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/reference/events.md");
});
