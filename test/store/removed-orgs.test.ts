import Database from "better-sqlite3";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { putUser } from "../../src/lockout/user/user.ts";
import { checkDatabase } from "../../src/store/maintenance.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { transferTables } from "../../src/store/shared/transfer.ts";
import { begin, fillOrg } from "../contract/store/full-org.ts";
import { init } from "../contract/store/samples.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { usePostgres } from "../support/use-postgres.ts";

// What is left in a database of an organisation that was removed: its row, its events, and the names of who has written some.

interface Place {
  readonly url: string;
  /** Runs a statement beside the store. */
  readonly rows: (
    sql: string,
  ) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly remove: () => Promise<void>;
}

const kept = new Set(["orgs", "events", "revoked_tokens"]);
/** Tables with a column for the organisation, and those that only one engine has or that no copy takes over. */
const ofOrgs = [
  ...transferTables
    .map(({ name, key, rest }) => ({
      name,
      column: [...key, ...rest].find((column) =>
        ["org_id", "resource_owner"].includes(column.name),
      )?.name,
    }))
    .filter(({ name, column }) => column !== undefined && !kept.has(name)),
  { name: "user_counts", column: "org_id" },
  { name: "locked_counts", column: "org_id" },
];
const ofSubjects = ["aliases", "counters"];

function describeRemoval(make: () => Promise<Place>): void {
  let place: Place;
  let store: Store;
  let orgId: string;

  beforeEach(async () => {
    place = await make();
    // The clock stands: what is settled is what was removed, and not what becomes due meanwhile.
    const time = Date.now();
    store = await openStore(place.url, { exclusive: true, now: () => time });
    await store.initialise(init);
    ({ id: orgId } = await store.createOrg("gone", "e"));
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const settle = async () => {
    let rounds = 0;
    while ((await store.settleAttempts(256)) > 0) {
      rounds += 1;
    }
    return rounds;
  };
  const problems = async () => (await checkDatabase(place.url)).problems;
  const leftOf = async () => {
    const left: string[] = [];
    for (const { name, column } of ofOrgs) {
      const rows = await place.rows(
        `SELECT * FROM ${name} WHERE ${column} = '${orgId}'`,
      );
      left.push(...rows.map((row) => `${name} ${JSON.stringify(row)}`));
    }
    for (const table of ofSubjects) {
      const rows = await place.rows(
        `SELECT * FROM ${table} WHERE subject NOT IN (SELECT key FROM subjects)`,
      );
      left.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`));
    }
    return left;
  };

  it("nothing else is left once it was cleared, and check passes before and after", async () => {
    await fillOrg(store, orgId, 10, 250);
    const other = await store.createOrg("other", "e");
    await fillOrg(store, other.id, 30);
    expect(await problems()).toEqual([]);
    expect(await leftOf()).not.toEqual([]);
    await store.removeOrg(orgId, "e");
    expect(await problems()).toEqual([]);
    // No more than some hundred rows at a time.
    expect(await settle()).toBeGreaterThan(3);
    expect(await leftOf()).toEqual([]);
    expect(
      await place.rows(
        `SELECT 1 FROM attempts WHERE outcome IS NULL AND subject NOT IN (SELECT key FROM subjects)`,
      ),
    ).toEqual([]);
    expect(await problems()).toEqual([]);
    expect(await settle()).toBe(0);
  });

  it("check tells of a removal without an event, of events behind it, and of what is left", async () => {
    await fillOrg(store, orgId, 10);
    await place.rows(
      `UPDATE orgs SET removal_date = 1, is_cleared = 1 WHERE id = '${orgId}'`,
    );
    expect(await problems()).toContain(
      `organisation ${orgId} is removed, but its events say that it is not`,
    );
    await place.rows(
      `UPDATE orgs SET removal_date = NULL, is_cleared = 0 WHERE id = '${orgId}'`,
    );
    expect(await problems()).toEqual([]);
    await store.removeOrg(orgId, "e");
    await place.rows(`UPDATE orgs SET is_cleared = 1 WHERE id = '${orgId}'`);
    for (const what of ["users", "tokens", "service accounts", "hooks"]) {
      expect(await problems()).toContain(
        `the organisation ${orgId} was removed, but has ${what} left`,
      );
    }
    await place.rows(
      `UPDATE orgs SET removal_date = NULL, is_cleared = 0 WHERE id = '${orgId}'`,
    );
    const key = { orgId, userId: "behind" };
    await store.putUser(key, [], "e", putUser("active"));
    expect(await problems()).toContainEqual(
      expect.stringContaining("which was removed before"),
    );
  });

  it("two servers at once leave nothing, while others are served", async () => {
    await fillOrg(store, orgId, 10, 100);
    const second = await openStore(place.url, { exclusive: false });
    const { firstOrgId = "" } = (await store.findInstance()) ?? {};
    const removing = second.removeOrg(orgId, "e");
    const serving = Array.from({ length: 50 }, (_, number) =>
      begin(store, {
        ...{ kind: "user", orgId: firstOrgId, userId: `user-${number}` },
      }),
    );
    const racing = Array.from({ length: 50 }, (_, number) =>
      begin(number % 2 === 0 ? store : second, {
        ...{ kind: "user", orgId, userId: `racing-${number}` },
      }).catch(() => undefined),
    );
    await Promise.all([removing, ...racing]);
    const clearing = [store, second].map(async (one) => {
      while ((await one.settleAttempts(10)) > 0) {
        // Goes on.
      }
    });
    await Promise.all([...serving, ...clearing]);
    await settle();
    await second.close();
    expect(await leftOf()).toEqual([]);
    expect(await problems()).toEqual([]);
    expect(await store.countUsers(firstOrgId)).toBe(50);
  });
}

describe("an organisation that was removed, on SQLite", () => {
  describeRemoval(async () => {
    const directory = await makeTempDir();
    const path = directory.file("a.db");
    return {
      url: `sqlite:${path}`,
      rows: async (sql) => {
        const database = new Database(path);
        const statement = database.prepare<[], Record<string, unknown>>(sql);
        const rows = statement.reader ? statement.all() : (statement.run(), []);
        database.close();
        return rows;
      },
      remove: () => directory.remove(),
    };
  });
});

describe("an organisation that was removed, on PostgreSQL", () => {
  const postgres = usePostgres();
  describeRemoval(async () => {
    const { url, drop } = await postgres.createMigrated();
    return {
      url,
      rows: async (sql) => {
        const client = new Client({ connectionString: url });
        await client.connect();
        const { rows } = await client.query<Record<string, unknown>>(sql);
        await client.end();
        return rows;
      },
      remove: drop,
    };
  });
});
