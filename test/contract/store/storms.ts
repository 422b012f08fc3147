import { beforeEach, describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { notedAtOnce } from "../../../src/store/commands/settle-storms.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, orgB, start } from "./samples.ts";

const minute = 60_000;
const api = { version: "v1", authorise: () => undefined } as const;

export function describeStorms(bed: StoreBed): void {
  const { begin, setLimits, setRules, unlock } = attemptCalls(bed);
  const setStorms = (maxLocks: number, windowMs = minute) =>
    setRules({ storms: { maxLocks, windowMs } });
  let made = 0;
  const newKey = () => {
    made += 1;
    return { orgId: orgA.orgId, userId: `user-${made}` };
  };
  const fail = (subject: Subject, factor: "password" | "totp" = "password") =>
    bed.store.reportAttempt(subject, "login", (view) =>
      reportAttempt(view, factor, {}, "failed"),
    );
  const lockUsers = async (count: number) => {
    const keys = Array.from({ length: count }, newKey);
    await Promise.all(keys.map((key) => fail(userSubject(key))));
    return keys;
  };
  const settle = async (store = bed.store) => {
    while ((await store.settleAttempts(10)) > 0) {
      // There is more.
    }
  };
  /** What was written of storms since the last time, with the seconds since the start. */
  let seen = 0;
  const told = async () => {
    await settle();
    const events = (await bed.events()).filter(({ type }) =>
      type.startsWith("org.lockout.storm."),
    );
    const since = events.slice(seen);
    seen = events.length;
    return since.map(({ type, payload }) => [
      type.slice("org.lockout.storm.".length),
      (Date.parse(String(payload?.["at"])) - start) / 1000,
    ]);
  };

  describe("a storm of locks", () => {
    beforeEach(async () => {
      seen = 0;
      await setLimits(1);
      await setStorms(4);
    });

    it("begins with one lock more than the rules have, once, and ends when fewer than half are left in the window", async () => {
      await lockUsers(4);
      expect(await told()).toEqual([]);
      bed.time += 10_000;
      await lockUsers(3);
      expect(await told()).toEqual([["began", 10]]);
      await lockUsers(20);
      expect(await told()).toEqual([]);
      bed.time += minute - 1;
      expect(await told()).toEqual([]);
      await lockUsers(1);
      bed.time += 1;
      expect(await told()).toEqual([["ended", 70]]);
      const events = (await bed.events()).filter(({ type }) =>
        type.startsWith("org.lockout.storm."),
      );
      expect(events).toMatchObject([
        {
          ...{ aggregateType: "org", aggregateId: orgA.orgId },
          ...{ resourceOwner: orgA.orgId, editor: "SYSTEM" },
          payload: { locks: 7, maxLocks: 4, window: "60s" },
        },
        { payload: { beganAt: new Date(start + 10_000).toISOString() } },
      ]);
      bed.time += 1;
      await lockUsers(5);
      expect(await told()).toEqual([["began", 70.001]]);
    });

    it("is told late as it was: began and ended", async () => {
      for (const key of Array.from({ length: 5 }, newKey)) {
        await begin(userSubject(key));
        bed.time += 1000;
      }
      bed.time += 10 * minute;
      // The fifth attempt expired 4 s after the first, and three are left 58 s later.
      expect(await told()).toEqual([
        ["began", 4 + ttlMs / 1000],
        ["ended", 3 + (ttlMs + minute) / 1000],
      ]);
    });

    it("is made of locks by failures of users alone, each counted once, and of whoever is unlocked or deleted since", async () => {
      for (let count = 0; count < 9; count += 1) {
        const locked = newKey();
        await bed.store.putUser(locked, [], "admin", putUser(undefined));
        await bed.store.changeUser(locked, "admin", lockUser(api));
        const foldedName = `nobody ${count}`;
        await fail({ kind: "name", orgId: orgA.orgId, foldedName });
      }
      const [first, second] = await lockUsers(2);
      if (first === undefined || second === undefined) {
        throw new Error("nobody was locked");
      }
      await fail(userSubject(first));
      await fail(userSubject(first));
      await bed.store.deleteUser(second, "admin");
      await unlock(userSubject(first));
      await fail(userSubject(first));
      expect(await told()).toEqual([]);
      await fail(userSubject(second));
      expect(await told()).toEqual([]);
      await lockUsers(1);
      expect(await told()).toEqual([["began", 0]]);
    });

    it("is an organisation's own matter, and nobody's where no rule looks for it", async () => {
      await setLimits(1, 1, orgB);
      for (let count = 0; count < 9; count += 1) {
        await fail(userSubject({ orgId: orgB.orgId, userId: `user-${count}` }));
      }
      expect(await told()).toEqual([]);
      await setStorms(0);
      await lockUsers(9);
      await setStorms(4);
      await lockUsers(4);
      expect(await told()).toEqual([]);
    });

    it("ends within some seconds where the rules no longer look for it", async () => {
      await lockUsers(5);
      expect(await told()).toEqual([["began", 0]]);
      await setRules({});
      bed.time += 5000;
      expect(await told()).toEqual([["ended", 5]]);
      await setStorms(4);
      await lockUsers(4);
      expect(await told()).toEqual([]);
    });

    it("goes on over a restart", async () => {
      await lockUsers(5);
      await bed.reopen();
      expect(await told()).toEqual([["began", 0]]);
      await bed.reopen();
      await lockUsers(5);
      expect(await told()).toEqual([]);
    });

    it("lasts as long where the clock is set back, and begins with no locks of before", async () => {
      await lockUsers(5);
      expect(await told()).toEqual([["began", 0]]);
      bed.time -= 3600_000;
      expect(await told()).toEqual([]);
      bed.time += minute - 1;
      expect(await told()).toEqual([]);
      bed.time += 1;
      expect(await told()).toEqual([["ended", 60 - 3600]]);
      bed.time += 1;
      await lockUsers(4);
      await settle();
      bed.time -= 3600_000;
      await settle();
      bed.time += minute;
      await lockUsers(4);
      expect(await told()).toEqual([]);
    });

    it("is told once, whoever settles it at the same time", async () => {
      await lockUsers(6);
      const other = await bed.open("tool");
      await Promise.all([settle(), settle(other), settle(), settle(other)]);
      expect(await told()).toEqual([["began", 0]]);
      bed.time += minute;
      await Promise.all([settle(other), settle(), settle(other), settle()]);
      expect(await told()).toEqual([["ended", 60]]);
    });

    it("does not end before the last lock is counted, however many are noted, and whoever settles it at the same time", async () => {
      await lockUsers(5);
      await Promise.all(
        Array.from({ length: 2 * notedAtOnce }, (_, count) => {
          const foldedName = `nobody ${count}`;
          return fail({ kind: "name", orgId: orgA.orgId, foldedName });
        }),
      );
      bed.time += 50_000;
      await lockUsers(2);
      bed.time += 20_000;
      await Promise.all([settle(), settle(), settle(), settle()]);
      expect(await told()).toEqual([["began", 0]]);
      bed.time += 40_000;
      expect(await told()).toEqual([["ended", 110]]);
    });

    it("begins once with hundreds of locks of one moment", async () => {
      await setStorms(200, 1);
      await lockUsers(299);
      expect(await told()).toEqual([["began", 0]]);
    });
  });
}
