import { expect, test } from "vitest";
import { startTestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import {
  ActivityCounter,
  startActivity,
} from "../../src/store/activity-counter.ts";
import type { MinuteOfActivity } from "../../src/store/activity.ts";
import { openStore } from "../../src/store/open.ts";
import { live } from "../support/life.ts";

const minute = 60_000;

function attempt(counter: ActivityCounter, orgId: string): void {
  counter.attempt(orgId, "password", "proceed", true).add();
}

test("what is counted waits by minute and organisation, and is taken once", () => {
  let now = 90_000.5;
  const counter = new ActivityCounter();
  counter.dateBy(() => now);
  attempt(counter, "1");
  attempt(counter, "1");
  counter.completed("2", "totp", "not_a_guess").add();
  now = 2 * minute;
  attempt(counter, "1");
  // The clock was set back.
  now = minute;
  counter.locked("1", "ceiling", "user").add();
  const taken = counter.take();
  expect(taken).toEqual([
    { orgId: "1", time: minute, counts: { attempts_proceed: 2 } },
    { orgId: "2", time: minute, counts: { completed_not_a_guess: 1 } },
    { orgId: "1", time: 2 * minute, counts: { attempts_proceed: 1 } },
    { orgId: "1", time: minute, counts: { locks: 1 } },
  ]);
  expect(counter.take()).toEqual([]);
  counter.putBack(taken);
  attempt(counter, "1");
  expect(counter.take()).toHaveLength(5);
});

test("more organisations than fit count for all together", () => {
  const counter = new ActivityCounter();
  counter.dateBy(() => minute);
  for (let org = 0; org < 20_000; org += 1) {
    attempt(counter, String(org));
  }
  attempt(counter, "0");
  const taken = counter.take();
  expect(taken).toHaveLength(10_001);
  expect(taken[0]?.counts).toEqual({ attempts_proceed: 2 });
  expect(taken.at(-1)).toEqual({
    ...{ orgId: "", time: minute },
    counts: { attempts_proceed: 10_000 },
  });
  counter.putBack(taken);
  counter.putBack(taken);
  expect(counter.take()).toHaveLength(10_000);
});

test("what cannot be added is added later, and in pieces", async () => {
  const counter = new ActivityCounter();
  const added: MinuteOfActivity[] = [];
  let isDown = true;
  const errors: unknown[] = [];
  const recording = startActivity(
    {
      now: () => minute,
      addActivity: async (minutes) => {
        expect(minutes.length).toBeLessThanOrEqual(100);
        if (isDown && added.length > 0) {
          throw new Error("down");
        }
        added.push(...minutes);
      },
      listActivity: async () => [],
      pruneActivity: async () => 0,
    },
    counter,
    (error) => errors.push(error),
  );
  for (let org = 0; org < 250; org += 1) {
    attempt(counter, String(org));
  }
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  expect(added).toHaveLength(100);
  isDown = false;
  await recording.stop();
  expect(added.map(({ orgId }) => orgId)).toEqual(
    Array.from({ length: 250 }, (_, org) => String(org)),
  );
});

test("a server that ends adds what it counted", async () => {
  const directory = await makeTempDir();
  const database = `sqlite:${directory.file("lockoutd.db")}`;
  const server = await startTestServer({ database });
  await live(server);
  const { firstOrgId } = server;
  await server.close();
  const store = await openStore(database, { exclusive: true });
  const days = await store.listActivity({
    ...{ orgId: undefined, interval: "day", since: 0 },
    until: Number.MAX_SAFE_INTEGER,
  });
  const own = await store.listActivity({
    ...{ orgId: firstOrgId, interval: "minute", since: 0 },
    until: Number.MAX_SAFE_INTEGER,
  });
  await store.close();
  await directory.remove();
  const sum = (list: typeof days) =>
    list.reduce((all, { counts }) => all + (counts.locks ?? 0), 0);
  expect(sum(own)).toBeGreaterThan(0);
  expect(sum(days)).toBeGreaterThanOrEqual(sum(own));
});
