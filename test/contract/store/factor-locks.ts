import { beforeEach, describe, expect, it } from "vitest";
import type { Rules } from "../../../src/lockout/policy/rules.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import {
  unlockIfLocked,
  unlockUser,
} from "../../../src/lockout/user/unlock.ts";
import type { Subject } from "../../../src/store/users.ts";
import { userSubject } from "../../../src/store/users.ts";
import { firstPage } from "../../support/first-page.ts";
import { alice, aliceKey, attemptCalls } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { orgA, start } from "./samples.ts";

const minute = 60_000;
const api = { version: "v1", authorise: () => undefined } as const;
const remarks = { note: "n", ticket: "" };

/** Locks that close one factor. */
export function describeFactorLocks(bed: StoreBed): void {
  const calls = attemptCalls(bed);
  const { begin, complete, report, setLimits } = calls;
  const setRules = (rules: Partial<Rules>) =>
    calls.setRules({ lockScope: "factor", ...rules });
  const unlock = (subject: Subject, ifLockedAt?: number) =>
    calls.unlock(subject, { ...remarks, ifLockedAt });
  const show = async () => (await bed.store.findLockout(alice))?.view;
  const lockFactor = async (factor: "password" | "totp") => {
    await report(alice, "failed", factor);
    return report(alice, "failed", factor);
  };
  const iso = (time: number) => new Date(time).toISOString();

  describe("a lock of a factor", () => {
    beforeEach(async () => {
      await setLimits(2, 2);
      await setRules({});
    });

    it("closes that factor and leaves the user, and other factors, as they are", async () => {
      expect(await lockFactor("totp")).toMatchObject({ locked: true });
      expect(await begin(alice, "totp")).toMatchObject({ decision: "locked" });
      expect(await report(alice, "succeeded", "totp")).toMatchObject({
        ...{ accepted: false, locked: true },
      });
      expect(await report(alice, "succeeded")).toMatchObject({
        ...{ accepted: true, locked: false },
      });
      expect(await begin(alice)).toMatchObject({ decision: "proceed" });
      const user = await bed.store.findUser(aliceKey);
      expect(user).toMatchObject({ account: "active", lock: undefined });
      expect(
        await bed.events({ types: ["user.locked", "user.factor.locked"] }),
      ).toMatchObject([
        {
          type: "user.factor.locked",
          payload: {
            ...{ reason: "LOCK_REASON_OTP_ATTEMPTS", factor: "FACTOR_TOTP" },
            failedAttempts: 2,
          },
        },
      ]);
    });

    it("is opened by an unlock, with an event for each thing that was locked", async () => {
      await lockFactor("totp");
      await lockFactor("password");
      await bed.store.changeUser(aliceKey, "admin", lockUser(api));
      await unlock(alice);
      const view = await show();
      expect(view?.user.lock).toBeUndefined();
      expect(view?.user.factorLocks).toBeUndefined();
      expect(view?.counters.totp).toMatchObject({ failed: 0, locksInRow: 0 });
      expect(
        (
          await bed.events({ types: ["user.unlocked", "user.factor.unlocked"] })
        ).map(({ type, payload }) => [type, payload]),
      ).toEqual([
        ["user.unlocked", { note: "n" }],
        ["user.factor.unlocked", { factor: "FACTOR_PASSWORD", note: "n" }],
        ["user.factor.unlocked", { factor: "FACTOR_TOTP", note: "n" }],
      ]);
      await expect(unlock(alice)).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-lck01" },
      });
    });

    it("is opened by ZITADEL's unlock, which is refused only where nothing is locked", async () => {
      await lockFactor("totp");
      await bed.store.changeUser(aliceKey, "admin", unlockUser(api));
      expect(await begin(alice, "totp")).toMatchObject({ decision: "proceed" });
      await expect(
        bed.store.changeUser(aliceKey, "admin", unlockUser(api)),
      ).rejects.toThrow();
    });

    it("that is newer than the one that is meant is left", async () => {
      await lockFactor("totp");
      bed.time += minute;
      await lockFactor("password");
      await expect(unlock(alice, start)).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-lck02" },
      });
      expect(await begin(alice, "totp")).toMatchObject({ decision: "locked" });
      const seen = await bed.store.changeUser(
        aliceKey,
        "admin",
        unlockIfLocked(start, remarks),
      );
      expect(seen.result).toBeUndefined();
      await unlock(alice, bed.time);
      expect(await begin(alice, "totp")).toMatchObject({ decision: "proceed" });
    });

    it("is listed by the time of the last lock, page by page, and found by reason and address", async () => {
      const bob = userSubject({ ...aliceKey, userId: "bob" });
      await lockFactor("totp");
      bed.time += minute;
      await report(bob, "failed");
      await report(bob, "failed");
      bed.time += minute;
      await lockFactor("password");
      const list = async (filter: Parameters<typeof bed.store.listLocked>[1]) =>
        (await bed.store.listLocked(orgA, filter, firstPage)).items.map(
          ({ userId }) => userId,
        );
      expect(await list({})).toEqual(["bob", "alice"]);
      expect(await list({ since: start + minute + 1 })).toEqual(["alice"]);
      expect(await list({ reasons: ["otp_attempts"] })).toEqual(["alice"]);
      expect(await list({ reasons: ["ceiling"] })).toEqual([]);
      expect(await bed.store.countLocked(orgA, {})).toBe(2);
      const first = await bed.store.listLocked(
        orgA,
        {},
        { ...firstPage, size: 1 },
      );
      expect(first.items).toMatchObject([{ userId: "bob" }]);
      const second = await bed.store.listLocked(
        orgA,
        {},
        { ...firstPage, size: 1, after: first.next },
      );
      expect(second.items).toMatchObject([{ userId: "alice" }]);
      // An administrator's lock is not lifted because a factor fits.
      await bed.store.changeUser(aliceKey, "admin", lockUser(api));
      expect(await list({ reasons: ["otp_attempts"] })).toEqual([]);
    });

    it("at the ceiling stays, of that factor alone", async () => {
      await setRules({ ceiling: 4, lockDurationMs: minute });
      await lockFactor("totp");
      bed.time += minute;
      await lockFactor("totp");
      bed.time += 365 * 24 * 60 * minute;
      expect(await begin(alice, "totp")).toMatchObject({ decision: "locked" });
      expect(await begin(alice)).toMatchObject({ decision: "proceed" });
      expect((await show())?.user.factorLocks?.totp).toMatchObject({
        reason: "ceiling",
      });
    });
  });

  describe("locks of factors that end by themselves", () => {
    beforeEach(async () => {
      await setLimits(2, 2);
      await setRules({ lockDurationMs: 10 * minute });
      await lockFactor("totp");
      bed.time += minute;
      await lockFactor("password");
    });

    it("end on time, each by itself, and reading writes nothing", async () => {
      bed.time = start + 10 * minute;
      const before = await bed.store.lastPosition();
      const view = await show();
      expect(view?.user.factorLocks).toEqual({
        password: expect.anything() as unknown,
      });
      expect(view?.counters.totp).toMatchObject({ failed: 0, failedInRow: 2 });
      bed.time = start + 11 * minute;
      expect((await show())?.user.factorLocks).toBeUndefined();
      expect((await bed.store.listLocked(orgA, {}, firstPage)).items).toEqual(
        [],
      );
      expect(await bed.store.lastPosition()).toBe(before);
      expect(await bed.store.settleAttempts(10)).toBe(1);
      expect(
        (await bed.events({ types: ["user.factor.unlocked"] })).map(
          ({ payload }) => payload,
        ),
      ).toEqual([
        {
          ...{ factor: "FACTOR_TOTP", expired: true },
          at: iso(start + 10 * minute),
        },
        {
          ...{ factor: "FACTOR_PASSWORD", expired: true },
          at: iso(start + 11 * minute),
        },
      ]);
    });

    it("count what was begun before them, of their own factor and of others", async () => {
      const sms = await begin(alice, "otp_sms");
      expect(await complete(sms.attempt?.id, "failed")).toMatchObject({
        ...{ locked: false, failed: 1 },
      });
    });

    it("go to the user to whom a login name is given", async () => {
      const name: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "bo" },
      };
      await report(name, "failed", "totp");
      await report(name, "failed", "totp");
      const locked = () => bed.store.countLockedNames(orgA, {});
      expect(await locked()).toBe(1);
      const bob = { ...aliceKey, userId: "bob" };
      await bed.store.putUser(
        ...([bob, [{ name: "bo", folded: "bo" }], "admin"] as const),
        putUser(undefined),
      );
      expect(await begin(userSubject(bob), "totp")).toMatchObject({
        decision: "locked",
        lockEndTime: bed.time + 10 * minute,
      });
      bed.time += 10 * minute;
      expect(await begin(userSubject(bob), "totp")).toMatchObject({
        ...{ decision: "proceed", failed: 0 },
      });
      expect(await locked()).toBe(0);
    });
  });
}
