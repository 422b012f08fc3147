import { describe, expect, it, beforeEach } from "vitest";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import type { Subject } from "../../../src/store/users.ts";
import { userSubject } from "../../../src/store/users.ts";
import { firstPage } from "../../support/first-page.ts";
import { alice, aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, start } from "./samples.ts";

const minute = 60_000;
const api = { version: "v1", authorise: () => undefined } as const;

export function describeTimedLocks(bed: StoreBed): void {
  const { begin, complete, report, setLimits, setRules, unlock } =
    attemptCalls(bed);
  const ends = () => bed.events({ types: ["user.unlocked"] });
  const iso = (time: number) => new Date(time).toISOString();

  describe("a lock that ends by itself", () => {
    beforeEach(async () => {
      await setLimits(2, 2);
      await setRules({ lockDurationMs: 10 * minute, lockGrowth: 2 });
      await report(alice, "failed");
      expect(await report(alice, "failed")).toMatchObject({
        ...{ locked: true, failed: 2 },
        lockEndTime: start + 10 * minute,
      });
    });

    it("says when it ends, in the event and to who begins an attempt", async () => {
      expect(await bed.events({ types: ["user.locked"] })).toMatchObject([
        {
          payload: {
            reason: "LOCK_REASON_PASSWORD_ATTEMPTS",
            lockEndTime: iso(start + 10 * minute),
          },
        },
      ]);
      bed.time += 10 * minute - 1;
      expect(await begin(alice)).toMatchObject({
        ...{ decision: "locked", lockEndTime: start + 10 * minute },
      });
    });

    it("has ended for all who read, on time, and reading writes nothing", async () => {
      bed.time += 10 * minute;
      const before = await bed.store.lastPosition();
      const found = await bed.store.findLockout(alice);
      expect(found?.view.user.lock).toBeUndefined();
      expect(found?.view.counters.password).toMatchObject({
        ...{ failed: 0, failedInRow: 2, locksInRow: 1 },
      });
      expect((await bed.store.findUser(aliceKey))?.lock).toBeUndefined();
      const { orgId } = orgA;
      expect(
        (await bed.store.listUsers(orgId, { state: "active" }, firstPage))
          .items,
      ).toMatchObject([{ userId: "alice", lock: undefined }]);
      expect(
        (await bed.store.listUsers(orgId, { state: "locked" }, firstPage))
          .items,
      ).toEqual([]);
      expect(
        (await bed.store.listLocked({ orgId }, {}, firstPage)).items,
      ).toEqual([]);
      expect(await bed.store.countLocked({ orgId }, {})).toBe(0);
      expect(await bed.store.lastPosition()).toBe(before);
      expect(await ends()).toEqual([]);
    });

    it("is ended by settling, though nobody asks, by an event of when it is written", async () => {
      bed.time += 10 * minute + 3000;
      expect(await bed.store.settleAttempts(10)).toBe(1);
      expect(await bed.store.settleAttempts(10)).toBe(0);
      expect(await ends()).toMatchObject([
        {
          editor: "SYSTEM",
          payload: { expired: true, at: iso(start + 10 * minute) },
          creationMicros: bed.time * 1000,
        },
      ]);
    });

    it("is ended by the next command, once, and each further one is longer", async () => {
      bed.time += 10 * minute;
      const begun = await Promise.all([begin(alice), begin(alice)]);
      expect(begun.map(({ decision }) => decision)).toEqual([
        "proceed",
        "proceed",
      ]);
      expect(await ends()).toHaveLength(1);
      for (const { attempt } of begun) {
        await complete(attempt?.id, "failed");
      }
      expect((await bed.store.findUser(aliceKey))?.lock).toMatchObject({
        endTime: bed.time + 20 * minute,
      });
      // The account is none that an administrator activated.
      bed.time += 20 * minute;
      await complete((await begin(alice)).attempt?.id, "succeeded");
      await report(alice, "failed");
      await report(alice, "failed");
      expect((await bed.store.findUser(aliceKey))?.lock).toMatchObject({
        endTime: bed.time + 10 * minute,
      });
    });

    it("is neither shortened nor lengthened by other rules", async () => {
      await setRules({});
      bed.time += 10 * minute - 1;
      expect(await begin(alice)).toMatchObject({ decision: "locked" });
      await setRules({ lockDurationMs: 30 * minute });
      bed.time += 1;
      expect(await begin(alice)).toMatchObject({ decision: "proceed" });
    });

    it("leaves nothing to unlock once it has ended, and is unlocked before", async () => {
      const { view } = await unlock(alice);
      expect(view.counters.password).toMatchObject({
        ...{ failed: 0, failedInRow: 0, locksInRow: 0 },
      });
      await report(alice, "failed");
      await report(alice, "failed");
      bed.time += 10 * minute;
      await expect(unlock(alice)).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-lck01" },
      });
    });

    it("becomes an administrator's, who locks the user: then it stays", async () => {
      await bed.store.changeUser(aliceKey, "admin", lockUser(api));
      await expect(
        bed.store.changeUser(aliceKey, "admin", lockUser(api)),
      ).rejects.toMatchObject({ entry: { id: "COMMAND-3NN8v" } });
      bed.time += 365 * 24 * 60 * minute;
      expect(await begin(alice)).toMatchObject({ decision: "locked" });
    });

    it("counts what was begun before it, and goes on as it was", async () => {
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      const code = await begin(bob, "totp");
      await report(bob, "failed");
      await report(bob, "failed");
      bed.time += 1000;
      expect(await complete(code.attempt?.id, "failed")).toMatchObject({
        ...{ locked: true, failed: 1, lockEndTime: start + 10 * minute },
      });
      bed.time = start + 10 * minute;
      expect(await begin(bob, "totp")).toMatchObject({ failed: 1 });
      expect(await begin(bob)).toMatchObject({ failed: 0 });
    });

    it("of an attempt that expired begins and ends on time, though nobody looked", async () => {
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      await begin(bob);
      await begin(bob);
      bed.time += ttlMs + 10 * minute;
      await bed.store.settleAttempts(100);
      const events = await bed.events({ aggregateId: "bob" });
      expect(
        events.map(({ type, payload }) => [type, payload?.["at"]]),
      ).toEqual([
        ["user.human.added", undefined],
        ["user.human.password.check.failed", iso(start + ttlMs)],
        ["user.human.password.check.failed", iso(start + ttlMs)],
        ["user.locked", iso(start + ttlMs)],
        ["user.unlocked", iso(start + ttlMs + 10 * minute)],
      ]);
    });
  });

  describe("a lock of a login name that ends by itself", () => {
    const name: Subject = { kind: "name", orgId: orgA.orgId, foldedName: "al" };
    beforeEach(async () => {
      await setLimits(2, 2);
      await setRules({ lockDurationMs: 10 * minute });
      await report(name, "failed");
      await report(name, "failed");
    });

    it("ends as a user's does", async () => {
      const locked = () => bed.store.countLockedNames(orgA, {});
      expect(await locked()).toBe(1);
      bed.time += 10 * minute;
      expect(await locked()).toBe(0);
      expect(await begin(name)).toMatchObject({ decision: "proceed" });
    });

    it("goes to the user to whom the name is given, with its end", async () => {
      await bed.store.putUser(
        ...([aliceKey, [{ name: "al", folded: "al" }], "admin"] as const),
        putUser(undefined),
      );
      expect((await bed.store.findUser(aliceKey))?.lock).toMatchObject({
        endTime: start + 10 * minute,
      });
      bed.time += 10 * minute;
      expect(await begin(alice)).toMatchObject({
        ...{ decision: "proceed", failed: 0 },
      });
      const { view } = (await bed.store.findLockout(alice)) ?? {};
      expect(view?.counters.password).toMatchObject({ failedInRow: 2 });
    });
  });

  describe("a ceiling", () => {
    it("warns before the last chance, and locks until somebody unlocks", async () => {
      await setLimits(2, 2);
      await setRules({ lockDurationMs: minute, ceiling: 4 });
      for (const locked of [false, true, false, true]) {
        expect(await report(alice, "failed")).toMatchObject({ locked });
        bed.time += minute;
      }
      expect((await bed.store.findUser(aliceKey))?.lock).toMatchObject({
        ...{ reason: "ceiling", endTime: undefined },
      });
      expect(
        await bed.events({ types: ["user.lockout.warned"] }),
      ).toMatchObject([
        { payload: { factor: "FACTOR_PASSWORD", failedInRow: 3 } },
      ]);
      expect(
        (await bed.events({ types: ["user.locked"] })).map(
          ({ payload }) => payload?.["reason"],
        ),
      ).toEqual(["LOCK_REASON_PASSWORD_ATTEMPTS", "LOCK_REASON_CEILING"]);
      bed.time += 365 * 24 * 60 * minute;
      expect(await begin(alice)).toMatchObject({ decision: "locked" });
      await unlock(alice);
      expect(await begin(alice)).toMatchObject({ decision: "proceed" });
    });

    it("finds the failures of before it was set, and bounds what may be open", async () => {
      await setLimits(0, 0);
      for (let failures = 0; failures < 3; failures += 1) {
        await report(alice, "failed");
      }
      await setRules({ ceiling: 5 });
      const decisions = [
        await begin(alice),
        await begin(alice),
        await begin(alice),
      ];
      expect(decisions.map(({ decision }) => decision)).toEqual([
        ...["proceed", "proceed", "busy"],
      ]);
    });
  });

  describe("an observation window", () => {
    it("starts the count over where the last failure is so long ago", async () => {
      await setLimits(3, 3);
      await setRules({ observationWindowMs: minute });
      await report(alice, "failed");
      bed.time += minute - 1;
      expect(await report(alice, "failed")).toMatchObject({ failed: 2 });
      bed.time += minute;
      expect(await begin(alice)).toMatchObject({ failed: 0, limit: 3 });
      expect(await report(alice, "failed")).toMatchObject({ failed: 1 });
      const { view } = (await bed.store.findLockout(alice)) ?? {};
      expect(view?.counters.password).toMatchObject({ failedInRow: 3 });
    });
  });
}
