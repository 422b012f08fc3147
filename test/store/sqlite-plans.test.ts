import Database from "better-sqlite3";
import { afterEach, expect, it } from "vitest";
import {
  beginAttempt,
  completeAttempt,
} from "../../src/lockout/attempt/attempt.ts";
import { openStore } from "../../src/store/open.ts";
import { planOnce } from "../../src/store/sqlite/plan-once.ts";
import { makeTempDir } from "../support/temp-dir.ts";

/** better-sqlite3 makes a function that makes the rows of a statement, each time that SQLite has planned it. */
const makesFunctions = globalThis.Function;
let planned = 0;

function countPlans(): void {
  planned = 0;
  globalThis.Function = new Proxy(makesFunctions, {
    apply: (target, self, parts: string[]) => {
      planned += 1;
      return Reflect.apply(target, self, parts) as unknown;
    },
  });
}
afterEach(() => {
  globalThis.Function = makesFunctions;
});

it("plans no statement of an attempt again for another user", async () => {
  const dir = await makeTempDir();
  const path = dir.file("lockoutd.db");
  const store = await openStore(`sqlite:${path}`, { exclusive: true });
  const orgId = "300000000000000000";
  const failOnce = async (userId: string) => {
    const { attempt } = await store.beginAttempt(
      { kind: "user", orgId, userId },
      "e",
      (view, attemptId) =>
        beginAttempt(view, {
          ...{ attemptId, factor: "password" },
          ...{ client: {}, ttlMs: 60_000 },
        }),
    );
    const result = await store.completeAttempt(
      ...([orgId, attempt?.id ?? "", "e"] as const),
      (view, stored) => completeAttempt(view, stored, "failed"),
    );
    expect(result).toMatchObject({ accepted: false });
    await store.findUser({ orgId, userId });
  };
  countPlans();
  await failOnce("one");
  await failOnce("another");
  expect(planned).toBeGreaterThan(0);
  planned = 0;
  await failOnce("one");
  await failOnce("a third one");
  expect(planned).toBe(0);
  await store.close();
  await dir.remove();
});

it("leaves the texts and the values of statements as they are", () => {
  const database = new Database(":memory:");
  planOnce(database);
  const select = database.prepare(
    "SELECT 'a?b''$c@d' AS text, ? AS first, typeof(?) AS type",
  );
  expect(select.get(-1, Buffer.from("é"))).toEqual({
    ...{ text: "a?b'$c@d", first: -1, type: "blob" },
  });
  const named = database.prepare("SELECT @some_name AS a, $2 AS b, $2 AS c");
  expect(named.get({ some_name: "x", 2: null })).toEqual({
    ...{ a: "x", b: null, c: null },
  });
  database.close();
});
