import Database from "better-sqlite3";
import { Client } from "pg";
import { expect, it } from "vitest";
import { addOrgPolicy } from "../../src/lockout/policy/policy.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import type { RecordedEvent } from "../../src/store/events.ts";
import { makePostgresBefore, makeSqliteBefore } from "../support/before.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// Databases of the version before, whose events have milliseconds, of which many share one, and after some of which the clock went back.

const postgres = usePostgres();

/** More than are dated at once. */
const more = 25_000;
/** The 17 events that there are, and more, three of each millisecond, the last third of which goes back to the first. */
const moreEvents = (series: string) =>
  `INSERT INTO events (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date)
   SELECT 17 + n, 'user', 'x', 'y', n, 'user.human.password.check.succeeded', 'e', 1793491300000 + (n % ${Math.floor((more * 2) / 3)}) / 3
   FROM ${series}`;

async function eventsOf(url: string): Promise<readonly RecordedEvent[]> {
  const store = await openStore(url, { exclusive: true });
  try {
    return await store.listEvents({ ascending: true, limit: 2 * more });
  } finally {
    await store.close();
  }
}

/** What the dates of the events come to, by the milliseconds that they had. */
function dated(times: readonly number[]): readonly number[] {
  let last = 0;
  return times.map((time) => (last = Math.max(last + 1, time * 1000)));
}

it("SQLite: each event gets a date of its own, in the order of the log, and policies those of their events", async () => {
  const directory = await makeTempDir();
  const path = directory.file("before.db");
  await makeSqliteBefore(path);
  const database = new Database(path);
  database.exec(
    `WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${more}) ${moreEvents("s")}`,
  );
  const times = database
    .prepare<[], number>("SELECT creation_date FROM events ORDER BY position")
    .pluck()
    .all();
  database.close();

  const events = await eventsOf(`sqlite:${path}`);
  expect(events.map(({ creationMicros }) => creationMicros)).toEqual(
    dated(times),
  );
  expect((await checkDatabase(`sqlite:${path}`)).problems).toEqual([]);
  await directory.remove();
});

it("PostgreSQL: so they do, while a node of the version before goes on", async () => {
  const { url, drop } = await postgres.createDatabase();
  await makePostgresBefore(url);
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(moreEvents(`generate_series(1, ${more}) AS n`));
  await client.query("UPDATE log_head SET position = $1", [17 + more]);
  const timesOf = async () => {
    const { rows } = await client.query<{ time: string }>(
      "SELECT creation_date AS time FROM events ORDER BY position",
    );
    return rows.map(({ time }) => Number(time));
  };
  const times = await timesOf();
  const events = await eventsOf(url);
  expect(events.map(({ creationMicros }) => creationMicros)).toEqual(
    dated(times),
  );
  expect((await checkDatabase(url)).problems).toEqual([]);

  // As the version before writes: an attempt's events, and a policy with its event.
  const orgId = "300000000000000077";
  const store = await openStore(url, { exclusive: true });
  await store.createOrg("a", "e");
  await client.query(
    `WITH head AS (UPDATE log_head SET position = position + 2 RETURNING position)
     INSERT INTO events (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload)
     SELECT head.position - 2 + e.place, 'user', 'x', 'y', ${more} + e.place, 'user.human.password.check.succeeded', 'e', 5, NULL
     FROM head, generate_series(1, 2) AS e (place)`,
  );
  await client.query(
    `INSERT INTO policies (owner_kind, resource_owner, max_password_attempts, max_otp_attempts, sequence, creation_date, change_date)
     VALUES ('org', '${orgId}', 1, 2, 1, 6, 6)`,
  );
  await client.query(
    `WITH head AS (UPDATE log_head SET position = position + 1 RETURNING position)
     INSERT INTO events (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_date, payload)
     SELECT head.position, 'org', '${orgId}', '${orgId}', 1, 'org.policy.lockout.added', 'e', 6,
       '{"maxPasswordAttempts":1,"maxOTPAttempts":2}' FROM head`,
  );
  await client.query(
    `INSERT INTO policy_owners (owner_kind, resource_owner, sequence) VALUES ('org', '${orgId}', 1)`,
  );
  await store.changePolicy(
    { kind: "org", orgId: "300000000000000078" },
    "e",
    addOrgPolicy("300000000000000078", {
      ...{ maxPasswordAttempts: 1, maxOtpAttempts: 1 },
    }),
  );
  const policy = await store.findPolicy({ kind: "org", orgId });
  const last = await store.listEvents({ ascending: false, limit: 5 });
  const dates = last.map(({ creationMicros }) => creationMicros);
  expect(dates.toSorted((a, b) => b - a)).toEqual(dates);
  expect(new Set(dates).size).toBe(5);
  expect(policy).toMatchObject({
    creationMicros: dates[1],
    changeMicros: dates[1],
  });
  // What it reads is in milliseconds.
  const read = (await timesOf()).slice(-1);
  expect(read).toEqual([Math.floor((dates[0] ?? 0) / 1000)]);
  await store.close();
  expect((await checkDatabase(url)).problems).toEqual([]);
  await client.end();
  await drop();
});
