import { beforeEach, describe, expect, it } from "vitest";
import type { LockoutError } from "../../../src/lockout/errors/errors.ts";
import { updateOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { alice, aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { limits, orgA, orgB, start } from "./samples.ts";

const inA = { kind: "name", orgId: orgA.orgId } as const;
const nobody: Subject = { ...inA, foldedName: "nobody" };
const api = { version: "v1", authorise: () => undefined } as const;

export function describeUnlocks(bed: StoreBed): void {
  const { begin, complete, report, setLimits, unlock } = attemptCalls(bed);
  const refusal = (run: Promise<unknown>) =>
    run.then(
      () => undefined,
      (error: unknown) => (error as LockoutError).entry.id,
    );
  const lockByFailing = async (subject: Subject) => {
    await report(subject, "failed");
    await report(subject, "failed");
  };
  const nameEvents = () => bed.events({ types: ["org.lockout.name.unlocked"] });

  describe("the lockout of a login name", () => {
    beforeEach(() => setLimits(2));

    it("is there though nobody has the name and nobody asked before", async () => {
      const found = await bed.store.findLockout(nobody);
      expect(found).toMatchObject({
        orgId: orgA.orgId,
        userId: "",
        view: {
          user: { account: "active", lock: undefined },
          limits: limits(2, 2),
          counters: { password: { failed: 0, open: 0 } },
        },
      });
      expect(await bed.events({ aggregateTypes: ["user"] })).toEqual([]);
    });

    it("shows what is counted, and the lock", async () => {
      await report(nobody, "failed", "totp");
      await begin(nobody);
      expect(await bed.store.findLockout(nobody)).toMatchObject({
        userId: "",
        view: { counters: { totp: { failed: 1 }, password: { open: 1 } } },
      });
      // Closed for who asks, as a user's.
      bed.time += ttlMs;
      await begin(nobody);
      bed.time += ttlMs;
      expect(await bed.store.findLockout(nobody)).toMatchObject({
        view: {
          user: { lock: { reason: "password_attempts" } },
          counters: { password: { failed: 2, open: 0 } },
        },
      });
    });

    it("is the user's, where the name leads to one", async () => {
      const names = [{ name: "Alice", folded: "al" }];
      await bed.store.putUser(aliceKey, names, "e", putUser("locked"));
      expect(await bed.store.findLockout({ ...inA, foldedName: "al" })).toEqual(
        await bed.store.findLockout(alice),
      );
      expect(
        await bed.store.findLockout({
          ...inA,
          orgId: orgB.orgId,
          foldedName: "al",
        }),
      ).toMatchObject({ userId: "" });
    });
  });

  describe("an unlock", () => {
    beforeEach(() => setLimits(2));

    it("of a login name that leads to nobody clears its counters, and closes its attempts", async () => {
      const { attempt } = await begin(nobody, "totp");
      await lockByFailing(nobody);
      expect(await begin(nobody)).toMatchObject({ decision: "locked" });
      expect(
        await unlock(nobody, { note: "called", ticket: "T-1" }),
      ).toMatchObject({
        userId: "",
        view: {
          user: { lock: undefined },
          counters: { password: { failed: 0 }, totp: { open: 0 } },
        },
      });
      expect(await begin(nobody)).toMatchObject({ decision: "proceed" });
      expect(await complete(attempt?.id, "succeeded")).toMatchObject({
        accepted: false,
      });
    });

    it("of such a name is an event of the organisation with the name's hash, never the name", async () => {
      await lockByFailing(nobody);
      await unlock(nobody, { note: "called" });
      await bed.store.changePolicy(
        orgA,
        "e",
        updateOrgPolicy(orgA.orgId, limits(1, 1)),
      );
      await report(nobody, "failed");
      await unlock(nobody);
      const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
      const events = await bed.events({ aggregateTypes: ["org"] });
      expect(events).toMatchObject([
        { sequence: 1, type: "org.policy.lockout.added" },
        {
          sequence: 2,
          type: "org.lockout.name.unlocked",
          aggregateId: orgA.orgId,
          resourceOwner: orgA.orgId,
          editor: "admin",
          payload: { nameHash: hash, note: "called" },
        },
        { sequence: 3, type: "org.policy.lockout.changed" },
        { sequence: 4, payload: { nameHash: hash } },
      ]);
      expect(events[1]?.payload?.["nameHash"]).toBe(
        events[3]?.payload?.["nameHash"],
      );
      expect(JSON.stringify(await bed.events())).not.toContain("nobody");
      expect(await bed.events({ aggregateTypes: ["user"] })).toEqual([]);
    });

    it("of a name beside changes of the policy leaves no gap", async () => {
      await lockByFailing(nobody);
      const tool = await bed.open("tool");
      await Promise.all(
        [bed.store, tool].flatMap((store, index) => [
          store.changePolicy(
            orgA,
            "e",
            updateOrgPolicy(orgA.orgId, limits(5 + index, 5)),
          ),
          refusal(unlock(nobody, {}, store)),
        ]),
      );
      const events = await bed.events({ aggregateTypes: ["org"] });
      expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(await nameEvents()).toHaveLength(1);
    });

    it("of a user says what is said of it, by id and by name", async () => {
      const names = [{ name: "Alice", folded: "al" }];
      await bed.store.putUser(aliceKey, names, "e", putUser("locked"));
      expect(await unlock(alice, { note: "n", ticket: "t" })).toMatchObject({
        userId: "alice",
        view: { user: { lock: undefined } },
      });
      await bed.store.changeUser(aliceKey, "e", lockUser(api));
      await unlock({ ...inA, foldedName: "al" });
      expect(await bed.events({ types: ["user.unlocked"] })).toMatchObject([
        { payload: { note: "n", ticket: "t" }, editor: "admin" },
        { payload: undefined },
      ]);
      expect(await nameEvents()).toEqual([]);
    });

    it("is refused where nobody is locked, or was locked anew, and changes nothing", async () => {
      await report(nobody, "failed");
      await bed.store.putUser(aliceKey, [], "e", putUser(undefined));
      const unseen: Subject = { ...inA, foldedName: "unseen" };
      const before = await bed.events();
      for (const subject of [nobody, unseen, alice]) {
        expect(await refusal(unlock(subject))).toBe("LOCKOUTD-lck01");
      }
      expect(
        await refusal(
          unlock(userSubject({ ...aliceKey, userId: "bob" }), {
            unknown: "userUnknown",
          }),
        ),
      ).toBe("LOCKOUTD-usr02");
      expect(await bed.events()).toEqual(before);

      bed.time = start + 10;
      await report(nobody, "failed");
      expect(await refusal(unlock(nobody, { ifLockedAt: start + 9 }))).toBe(
        "LOCKOUTD-lck02",
      );
      expect(await begin(nobody)).toMatchObject({ decision: "locked" });
      expect(await nameEvents()).toEqual([]);
      await unlock(nobody, { ifLockedAt: start + 10 });
    });

    it("of one name by many at once is done once", async () => {
      await lockByFailing(nobody);
      const results = await Promise.all(
        Array.from({ length: 10 }, () => refusal(unlock(nobody))),
      );
      expect(results.filter((id) => id === undefined)).toHaveLength(1);
      expect(await nameEvents()).toHaveLength(1);
    });
  });

  it("says how many login names that lead to nobody are locked", async () => {
    await setLimits(2);
    await setLimits(2, 2, orgB);
    const count = (since?: number) =>
      bed.store.countLockedNames(orgA, { since });
    expect(await count()).toBe(0);
    await lockByFailing(nobody);
    await lockByFailing({ ...nobody, orgId: orgB.orgId });
    await lockByFailing(alice);
    bed.time += 10;
    await report({ ...inA, foldedName: "tried" }, "failed");
    await lockByFailing({ ...inA, foldedName: "other" });
    expect(await count()).toBe(2);
    expect(await count(start + 10)).toBe(1);
    expect(await count(start + 11)).toBe(0);
    await unlock(nobody);
    expect(await count()).toBe(1);
    const late: Subject = { ...inA, foldedName: "late" };
    await report(late, "failed");
    await begin(late);
    bed.time += ttlMs;
    expect(await count()).toBe(2);
  });
}
