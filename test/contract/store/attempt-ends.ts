import { beforeEach, describe, expect, it } from "vitest";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import {
  deactivateUser,
  lockUser,
  putUser,
  reactivateUser,
} from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import type { UserApi } from "../../../src/lockout/user/user.ts";
import type { UserKey, UserStore } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { userSubject } from "../../../src/store/users.ts";
import { orgA, start } from "./samples.ts";

/** What becomes of attempts that are open while their user is unlocked or the clock jumps, and of closed ones. */
export function describeAttemptEnds(bed: StoreBed): void {
  const { begin, complete, report, setLimits } = attemptCalls(bed);
  const counterOf = async (key: UserKey, store: UserStore = bed.store) =>
    (await store.findLockout(userSubject(key)))?.view.counters.password;

  describe("an attempt that is open when its user is unlocked", () => {
    const api: UserApi = { version: "v1", authorise: () => undefined };
    const lock = (store: UserStore = bed.store) =>
      store.changeUser(aliceKey, "admin", lockUser(api));
    const unlock = (store: UserStore = bed.store) =>
      store.changeUser(aliceKey, "admin", unlockUser(api));
    const refused = { accepted: false, locked: false, failed: 0, limit: 3 };

    beforeEach(() => setLimits(3));

    it("is void: no outcome of it is accepted or counts, also after a restart", async () => {
      const held = [await begin(alice), await begin(alice), await begin(alice)];
      const other = await begin(alice, "totp");
      await lock();
      await unlock();
      const before = await bed.events({ aggregateTypes: ["user"] });
      const outcomes = ["succeeded", "failed", "not_a_guess"] as const;
      for (const outcome of outcomes) {
        for (const { attempt } of [...held, other]) {
          expect(await complete(attempt?.id, outcome)).toEqual(refused);
        }
        await bed.reopen();
      }
      expect(await bed.events({ aggregateTypes: ["user"] })).toEqual(before);
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 0 });
    });

    it("never expires, and is forgotten like others", async () => {
      const { attempt } = await begin(alice);
      await lock();
      await unlock();
      bed.time += 10 * 60_000 + ttlMs - 1;
      expect(await bed.store.settleAttempts(10)).toBe(0);
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0 });
      expect(await complete(attempt?.id, "succeeded")).toEqual(refused);
      bed.time += 1;
      await bed.store.settleAttempts(10);
      await expect(complete(attempt?.id, "failed")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att05" },
      });
    });

    it("had expired before: then it counted before the unlock", async () => {
      const { attempt } = await begin(alice);
      await begin(alice);
      bed.time += ttlMs;
      await lock();
      await unlock();
      expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
        { type: "user.human.added" },
        { type: "user.human.password.check.failed", editor: "SYSTEM" },
        { type: "user.human.password.check.failed", editor: "SYSTEM" },
        { type: "user.locked" },
        { type: "user.unlocked" },
      ]);
      expect(await complete(attempt?.id, "failed")).toMatchObject({
        failed: 1,
      });
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 0 });
    });

    it("is told apart from those closed before and begun after, also at once", async () => {
      const [first, second] = [await begin(alice), await begin(alice)];
      // One batch, on PostgreSQL.
      const [, , , voided, third, , fresh] = await Promise.all([
        complete(first.attempt?.id, "failed"),
        lock(),
        unlock(),
        complete(second.attempt?.id, "succeeded"),
        begin(alice),
        begin(alice, "totp"),
        begin(alice),
      ]);
      expect(voided).toEqual(refused);
      expect(fresh).toMatchObject({ decision: "proceed", open: 2 });
      expect(await complete(first.attempt?.id, "failed")).toMatchObject({
        failed: 1,
      });
      expect(await complete(third.attempt?.id, "failed")).toMatchObject({
        failed: 1,
      });
      expect(await complete(fresh.attempt?.id, "succeeded")).toMatchObject({
        accepted: true,
      });
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 0 });
    });

    it("stays open where the unlock is refused, and where somebody else is unlocked", async () => {
      const { attempt } = await begin(alice);
      const bobKey = { orgId: orgA.orgId, userId: "bob" };
      await bed.store.putUser(bobKey, [], "admin", putUser("locked"));
      await bed.store.changeUser(bobKey, "admin", unlockUser(api));
      await expect(unlock()).rejects.toMatchObject({
        entry: { id: "COMMAND-4M0ds" },
      });
      expect(await complete(attempt?.id, "succeeded")).toMatchObject({
        accepted: true,
      });
    });

    it("is void after a deactivation too", async () => {
      const { attempt } = await begin(alice);
      await bed.store.putUser(aliceKey, [], "admin", putUser("inactive"));
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 0 });
      expect(await complete(attempt?.id, "succeeded")).toEqual(refused);
    });

    it("neither counts nor expires as a failure after a deactivation, and nothing else counts", async () => {
      await report(alice, "failed");
      await begin(alice);
      await bed.store.changeUser(aliceKey, "admin", deactivateUser(api));
      const before = await bed.events();
      expect(await begin(alice)).toMatchObject({
        decision: "inactive",
        attempt: undefined,
      });
      expect(await report(alice, "succeeded")).toMatchObject({
        accepted: false,
        locked: false,
      });
      bed.time += ttlMs;
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 1, open: 0 });
      expect(await bed.events()).toEqual(before);
      await bed.store.changeUser(aliceKey, "admin", reactivateUser(api));
      expect(await begin(alice)).toMatchObject({
        decision: "proceed",
        failed: 1,
      });
    });

    it("is gone where the user is deleted, whoever registers again", async () => {
      const { attempt } = await begin(alice);
      await bed.store.deleteUser(aliceKey, "e");
      await bed.store.putUser(aliceKey, [], "admin", putUser("active"));
      await expect(complete(attempt?.id, "succeeded")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att05" },
      });
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 0 });
    });

    it("holds its chance through a password change", async () => {
      await report(alice, "failed");
      const held = [await begin(alice), await begin(alice)];
      await bed.store.changeUser(aliceKey, "login", recordPasswordChange);
      expect(await begin(alice)).toMatchObject({ decision: "proceed" });
      expect(await begin(alice)).toMatchObject({ decision: "busy", open: 3 });
      expect(await complete(held[0]?.attempt?.id, "failed")).toMatchObject({
        failed: 1,
      });
      expect(await complete(held[1]?.attempt?.id, "succeeded")).toMatchObject({
        accepted: true,
      });
    });
  });

  describe("a clock that jumps forward and back", () => {
    const hour = 3_600_000;
    beforeEach(() => setLimits(3));

    it.each([
      ["by less than an attempt lives", ttlMs / 2, 0],
      ["by more than an attempt lives", 10 * hour, 1],
    ])(
      "leaves no chance held for longer than an attempt lives: %s",
      async (_name, jump, failedAtOnce) => {
        bed.time = start + jump;
        const { attempt } = await begin(alice);
        bed.time = start;
        expect(await counterOf(aliceKey)).toMatchObject({
          failed: failedAtOnce,
          open: 1 - failedAtOnce,
        });
        bed.time = start + ttlMs - 1;
        expect(await counterOf(aliceKey)).toMatchObject({
          failed: failedAtOnce,
        });
        bed.time = start + ttlMs;
        expect(await begin(alice)).toMatchObject({ failed: 1, open: 1 });
        expect(await complete(attempt?.id, "failed")).toMatchObject({
          failed: 1,
        });
      },
    );

    it("is seen by settling, whoever holds the chance", async () => {
      const others = ["bob", "carol"].map(
        (userId) => ({ ...alice, userId }) as const,
      );
      bed.time = start + 10 * hour;
      for (const subject of others) {
        await begin(subject);
      }
      bed.time = start + ttlMs / 2;
      await begin({ kind: "name", orgId: orgA.orgId, foldedName: "nobody" });
      bed.time = start;
      expect(await bed.store.settleAttempts(100)).toBe(2);
      for (const { userId } of others) {
        expect(
          await counterOf({ orgId: orgA.orgId, userId }),
          userId,
        ).toMatchObject({ failed: 1, open: 0, lastFailure: start });
      }
      bed.time = start + ttlMs;
      expect(await bed.store.settleAttempts(100)).toBe(1);
    });

    it("ends no attempt that is completed in time after it went back a little", async () => {
      const { attempt } = await begin(alice);
      bed.time -= 10;
      expect(await begin(alice, "totp")).toMatchObject({ open: 1 });
      bed.time += ttlMs - 1;
      expect(await complete(attempt?.id, "succeeded")).toMatchObject({
        accepted: true,
      });
    });

    it("does not count twice what is completed after it went back far", async () => {
      const { attempt } = await begin(alice);
      bed.time -= hour;
      await expect(complete(attempt?.id, "succeeded")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att06" },
      });
      expect(await complete(attempt?.id, "failed")).toMatchObject({
        failed: 1,
      });
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 1, open: 0 });
    });

    it("keeps closed attempts for no longer than others", async () => {
      bed.time = start + 10 * hour;
      const { attempt } = await begin(alice);
      await complete(attempt?.id, "failed");
      bed.time = start;
      await bed.store.settleAttempts(10);
      bed.time = start + 10 * 60_000 - 1;
      await bed.store.settleAttempts(10);
      await complete(attempt?.id, "failed");
      bed.time += 1;
      await bed.store.settleAttempts(10);
      await expect(complete(attempt?.id, "failed")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att05" },
      });
    });
  });

  describe("a closed attempt", () => {
    it("is remembered for ten minutes, then forgotten", async () => {
      const { attempt } = await begin(alice);
      bed.time += ttlMs - 1;
      const answer = await complete(attempt?.id, "failed");

      bed.time += 10 * 60_000;
      await bed.store.settleAttempts(10);
      expect(await complete(attempt?.id, "failed")).toEqual(answer);

      bed.time += ttlMs;
      await bed.store.settleAttempts(10);
      await expect(complete(attempt?.id, "failed")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att05" },
      });
    });
  });
}
