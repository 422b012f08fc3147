import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
} from "vitest";
import { backupDatabase, checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import { live } from "../support/life.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

let directory: TempDir;
/** A server that has lived; its database is changed in copies alone. */
let server: TestServer;
let url: string;
let copies = 0;

beforeAll(async () => {
  directory = await makeTempDir();
  url = `sqlite:${directory.file("lockoutd.db")}`;
  server = await startTestServer({
    database: url,
    defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 0 },
  });
  await live(server);
});

afterAll(async () => {
  await server.close();
  await directory.remove();
});

/** Where no file is yet. */
function nextFile(): string {
  copies += 1;
  return directory.file(`copy-${copies}.db`);
}

describe("check", () => {
  it("finds nothing wrong with what a server writes, while it writes", async () => {
    const fresh = `sqlite:${nextFile()}`;
    const writer = await startTestServer({
      database: fresh,
      defaultPolicy: { maxPasswordAttempts: 3, maxOtpAttempts: 0 },
    });
    onTestFinished(() => writer.close());
    expect(await checkDatabase(fresh)).toMatchObject({
      ...{ problems: [], users: 0 },
    });
    const living = live(writer);
    expect(await checkDatabase(fresh)).toMatchObject({ problems: [] });
    await living;
    writer.advance(3600_000);
    const report = await checkDatabase(fresh);
    expect(report).toMatchObject({ problems: [], count: 0, users: 18 });
    expect(report.events).toBeGreaterThan(30);
  });

  it.each([
    [
      "a counter that was set back",
      "UPDATE counters SET failed = 0 WHERE failed > 0",
      /user-\d .*0 failures of password, but the events come to/,
    ],
    [
      "a lock that was lifted by hand",
      "UPDATE subjects SET lock_time = NULL, lock_reason = NULL, lock_by = NULL",
      /is not locked, but the events say otherwise/,
    ],
    [
      "a token that nobody created",
      `INSERT INTO tokens (id, hash, name, org_id, roles, creation_date)
       SELECT '1', zeroblob(32), 'backdoor', first_org_id, '["IAM_OWNER"]', 0 FROM instance`,
      /token 1 of the organisation \d+ is there, but no event says/,
    ],
    [
      "a token with a role that nobody gave it",
      `UPDATE tokens SET roles = '["IAM_OWNER","ORG_OWNER"]'`,
      /token \d+ .* is .*ORG_OWNER.* but its events come to/,
    ],
    [
      "a token that is gone",
      "DELETE FROM tokens",
      /token \d+ of the organisation \d+ is missing/,
    ],
    [
      "an organisation that nobody created",
      "INSERT INTO orgs (id, name, creation_date) VALUES ('1', 'x', 0)",
      /organisation 1 is there, but no event says/,
    ],
    [
      "an organisation with another name",
      "UPDATE orgs SET name = 'x'",
      /organisation \d+ is \{"name":"x"\}, but its events come to \{"name":"Renamed"\}/,
    ],
    [
      "an instance with another id",
      "UPDATE instance SET id = '1'",
      /the events are of the instance \d+, but the instance is 1/,
    ],
    [
      "a user who is gone",
      "DELETE FROM subjects WHERE user_id = 'user-3'",
      /user user-3 of the organisation \d+ is missing/,
    ],
    [
      "a user whom nobody registered",
      `INSERT INTO subjects (org_id, user_id, since_position, account)
       SELECT first_org_id, 'intruder', 0, 'active' FROM instance`,
      /user intruder .* is there, but no event says/,
    ],
    [
      "a user who was activated by hand",
      "UPDATE subjects SET account = 'active' WHERE account = 'inactive'",
      /user aliased .* is active, but the events come to inactive/,
    ],
    [
      "a name that is gone",
      "DELETE FROM aliases WHERE name = 'Al'",
      /user aliased .* lacks the alias Al,/,
    ],
    [
      "a name that leads to another user",
      `UPDATE aliases SET subject = (SELECT key FROM subjects WHERE user_id = 'user-5') WHERE name = 'Al'`,
      /user user-5 .* has the alias Al, but/,
    ],
    [
      "an event that is gone",
      "DELETE FROM events WHERE position = 5",
      /has sequence \d+, not \d+/,
    ],
    [
      "an event that is dated anew",
      "UPDATE events SET creation_micros = 1 WHERE position = 5",
      /event 5 is dated 1, not later than the one before it/,
    ],
    [
      "a policy that is dated anew",
      "UPDATE policies SET change_micros = 1",
      /the policy of instance .* is dated \d+ and 1, but its events/,
    ],
    [
      "a policy that nobody set",
      "UPDATE policies SET max_password_attempts = 1000",
      /the policy of instance .* is 1000\/0, but its events come to 0\/0/,
    ],
    [
      "a policy that is gone",
      "DELETE FROM policies",
      /the policy of instance .* is missing/,
    ],
    [
      "failures in a row that are gone",
      "UPDATE counters SET failed_in_row = 0 WHERE failed_in_row > 0",
      /has 0 failures of totp in a row, but the events come to 8/,
    ],
    [
      "rules that nobody set",
      `UPDATE policy_rules SET rules = '{"ceiling":1}'`,
      /the rules of org \d+ are \{"ceiling":1\}, but the events come to \{\}/,
    ],
    [
      "rules that are gone",
      "DELETE FROM policy_rules",
      /the rules of org \d+ are missing: the events come to \{\}/,
    ],
    [
      "an instance that is gone, as in a database that is empty",
      "DELETE FROM instance",
      /there is no instance/,
    ],
    [
      "names that are counted wrongly",
      "UPDATE name_counts SET count = 9",
      /9 login names are counted of \d+, but 3 are kept/,
    ],
    [
      "figures of activity that are missing in those of all organisations",
      `INSERT INTO activity SELECT 'day', first_org_id, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM instance`,
      /the day from 1970-01-01T00:00:00.000Z are smaller for all organisations/,
    ],
    [
      "an open attempt that is gone",
      "DELETE FROM attempts",
      /counts 1 open attempts of totp, but has 0/,
    ],
  ])("finds %s", async (_name, sql, problem) => {
    const copy = nextFile();
    backupDatabase(url, copy);
    const database = new Database(copy);
    database.exec(sql);
    database.close();
    const { problems, count } = await checkDatabase(`sqlite:${copy}`);
    expect(problems.join("\n")).toMatch(problem);
    expect(count).toBeGreaterThanOrEqual(problems.length);
  });
});

describe("backup", () => {
  it("is the database as it was at one moment, taken while it is served", async () => {
    const living = live(server);
    const copy = nextFile();
    backupDatabase(url, copy);
    await living;
    expect(await checkDatabase(`sqlite:${copy}`)).toMatchObject({
      problems: [],
    });

    // And a server starts from it.
    const restored = await openStore(`sqlite:${copy}`, {
      exclusive: true,
    });
    expect(await restored.findInstance()).toMatchObject({
      id: server.instanceId,
    });
    await restored.close();
  });

  it("replaces no file, and leaves none that is unfinished", () => {
    const copy = nextFile();
    backupDatabase(url, copy);
    expect(() => {
      backupDatabase(url, copy);
    }).toThrow(/exists already/);
    expect(() => {
      backupDatabase(url, directory.file("nowhere/copy.db"));
    }).toThrow(/does not exist/);
    expect(() => {
      backupDatabase(
        `sqlite:${directory.file("nothing.db")}`,
        directory.file("other.db"),
      );
    }).toThrow(/there is no database/);
    expect(existsSync(directory.file("nothing.db"))).toBe(false);
    expect(existsSync(directory.file("other.db"))).toBe(false);
  });

  it("says what is wrong with the place of the new file, not with the database", () => {
    const copy = directory.file("x".repeat(300));
    expect(() => {
      backupDatabase(url, copy);
    }).toThrow(/^the backup .* cannot be written \(ENAMETOOLONG.*check/);
  });
});
