import { expect, test } from "vitest";
import type { PostgresDatabase } from "../../src/store/postgres/database.ts";
import { createUserCounts } from "../../src/store/postgres/user-counts.ts";

/** A database whose reads of a count return when they are told to. */
function slowDatabase() {
  const reads: ((count: number) => void)[] = [];
  let first = true;
  const query = () => {
    if (first) {
      first = false;
      return Promise.resolve({ rows: [] });
    }
    return new Promise((resolve) => {
      reads.push((count) => {
        resolve({ rows: [{ count }] });
      });
    });
  };
  return { reads, database: { query } as unknown as PostgresDatabase };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a count that was read before another was written does not take its place", async () => {
  const { reads, database } = slowDatabase();
  const counts = await createUserCounts(database, 2);
  counts.counted([{ orgId: "a", count: 2 }]);
  expect(counts.isFull("a")).toBe(true);
  // Another one was removed, and another registered, while it is read.
  counts.counted([{ orgId: "a", count: 1 }]);
  counts.counted([{ orgId: "a", count: 2 }]);
  reads[0]?.(1);
  await settled();
  expect(counts.isFull("a")).toBe(true);
  // The read that this has begun is the newest there is.
  reads[1]?.(1);
  await settled();
  expect(counts.isFull("a")).toBe(false);
});
