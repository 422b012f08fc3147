import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { EventFilter } from "../../src/store/events.ts";
import type { Store } from "../../src/store/store.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { TempDir } from "../support/temp-dir.ts";

const count = 35_000;

let dir: TempDir;
let store: Store;

beforeEach(async () => {
  dir = await makeTempDir();
  const path = dir.file("lockoutd.db");
  store = await openSqliteStore({
    path,
    exclusive: true,
    now: Date.now,
    newId: createIds(Date.now),
  });
  // Every 10,000th is by somebody else.
  const database = new Database(path);
  database.exec(
    `WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${count})
     INSERT INTO events (aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_micros)
     SELECT 'org', 'o', 'o', value, 'org.policy.lockout.changed', iif(value % 10000 = 5, 'rare', 'often'), value
     FROM n`,
  );
  database.close();
});

afterEach(async () => {
  await store.close();
  await dir.remove();
});

const sequences = async (filter: Partial<EventFilter>) =>
  (
    await store.listEvents({ ascending: true, limit: 1_000_000, ...filter })
  ).map(({ sequence }) => sequence);

it("a list of many events has each once, in order, either way", async () => {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  expect(await sequences({})).toEqual(all);
  expect(await sequences({ ascending: false })).toEqual(all.toReversed());
  expect(await sequences({ aggregateId: "o" })).toEqual(all);
  expect(await sequences({ editor: "rare" })).toEqual([5, 10005, 20005, 30005]);
  expect(
    await sequences({ editor: "rare", ascending: false, limit: 3 }),
  ).toEqual([30005, 20005, 10005]);
  expect(await sequences({ positionAfter: 15_000, limit: 11_000 })).toEqual(
    all.slice(15_000, 26_000),
  );
  expect(
    await sequences({
      ...{ createdAfter: 9_998, createdBefore: 10_002 },
      ascending: false,
    }),
  ).toEqual([10_001, 10_000, 9_999]);
});

it.each([
  ["looks through", { sequenceAfter: count - 1 }, 1, 3],
  ["has", { limit: 1000 }, 1000, 9],
  ["has of one aggregate", { aggregateId: "o", limit: 1000 }, 1000, 9],
  [
    "looks through of one aggregate",
    { aggregateId: "o", editor: "rare" },
    4,
    3,
  ],
])(
  "a list that %s many events lets others in between",
  async (_what, filter, length, least) => {
    let turns = 0;
    let listed = false;
    const turn = () => {
      turns += 1;
      if (!listed) {
        setImmediate(turn);
      }
    };
    setImmediate(turn);
    expect(await sequences(filter)).toHaveLength(length);
    listed = true;
    expect(turns).toBeGreaterThanOrEqual(least);
  },
);
