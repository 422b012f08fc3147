import { firstPage } from "../../support/first-page.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../../../src/store/ids.ts";
import { updateOrgPolicy } from "../../../src/lockout/policy/policy.ts";
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
import type { StoreBed, WholeStore } from "./bed.ts";
import { userSubject } from "../../../src/store/users.ts";
import { limits, orgA, orgB, start } from "./samples.ts";

export function describeAttempts(bed: StoreBed): void {
  const { begin, complete, report, setLimits } = attemptCalls(bed);
  const counterOf = async (key: UserKey, store: UserStore = bed.store) =>
    (await store.findLockout(userSubject(key)))?.view.counters.password;

  describe("an attempt", () => {
    beforeEach(() => setLimits(3));

    it("is open until it is completed, and registers its user", async () => {
      const { decision, attempt, open } = await begin(alice);
      expect({ decision, open }).toEqual({ decision: "proceed", open: 1 });
      expect(attempt).toMatchObject({
        factor: "password",
        expireTime: start + ttlMs,
        closed: undefined,
      });
      expect(await counterOf(aliceKey)).toMatchObject({
        failed: 0,
        open: 1,
        lastFailure: undefined,
      });

      bed.time += 5;
      expect(await complete(attempt?.id, "failed")).toEqual({
        accepted: false,
        locked: false,
        failed: 1,
        limit: 3,
      });
      expect(await counterOf(aliceKey)).toMatchObject({
        failed: 1,
        open: 0,
        lastFailure: start + 5,
      });
      expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
        {
          type: "user.human.added",
          editor: "login",
          // The policy was added in the same millisecond.
          creationMicros: start * 1000 + 1,
        },
        {
          aggregateId: "alice",
          resourceOwner: orgA.orgId,
          type: "user.human.password.check.failed",
          editor: "login",
          creationMicros: (start + 5) * 1000,
        },
      ]);
    });

    it("remembers its factor and its client", async () => {
      const client = { address: "192.0.2.1", userAgent: "ü", device: "d" };
      const { attempt } = await begin(alice, "otp_sms", client);
      await bed.reopen();
      await complete(attempt?.id, "succeeded");
      expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
        { type: "user.human.added" },
        { type: "user.human.mfa.otp.sms.check.succeeded", payload: client },
      ]);
    });

    it("answers the same when it is completed again, and refuses another outcome", async () => {
      const { attempt } = await begin(alice);
      const first = await complete(attempt?.id, "succeeded");
      await report(alice, "failed");
      expect(await complete(attempt?.id, "succeeded")).toEqual(first);
      await expect(complete(attempt?.id, "failed")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att06" },
      });
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 1, open: 0 });
    });

    it("is unknown where it never was, and in another organisation", async () => {
      const { attempt } = await begin(alice);
      const unknown = { entry: { id: "LOCKOUTD-att05" } };
      for (const id of ["", "no such", "'", "300000000000000001"]) {
        await expect(complete(id, "failed")).rejects.toMatchObject(unknown);
      }
      await expect(
        complete(attempt?.id, "failed", bed.store, orgB.orgId),
      ).rejects.toMatchObject(unknown);
      await bed.store.deleteUser(aliceKey, "e");
      await expect(complete(attempt?.id, "failed")).rejects.toMatchObject(
        unknown,
      );
    });

    it("of another process is completed here", async () => {
      const tool = await bed.open("tool");
      const { attempt } = await begin(alice, "password", {}, tool);
      await complete(attempt?.id, "failed");
      expect(await counterOf(aliceKey, tool)).toMatchObject({
        failed: 1,
        open: 0,
      });
    });

    it("gets another id where its own is taken, here or by another process", async () => {
      const ids = createIds(bed.now, 7);
      const made = Array.from({ length: 8 }, ids);
      const repeating = () => {
        const left = [...made];
        return () => left.shift() ?? ids();
      };
      const bob = { ...alice, userId: "bob" } as const;
      const first = await bed.open("tool", repeating());
      const { attempt } = await begin(alice, "password", {}, first);
      const second = await bed.open("tool", repeating());
      const others = await Promise.all([
        begin(bob, "password", {}, second),
        begin(bob, "totp", {}, second),
        begin(alice, "totp", {}, second),
      ]);

      const all = [attempt?.id, ...others.map((begun) => begun.attempt?.id)];
      expect(new Set(all).size).toBe(all.length);
      for (const id of all) {
        expect(await complete(id, "failed")).toMatchObject({ failed: 1 });
      }
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 1, open: 0 });
    });

    it("outlives the store that opened it", async () => {
      const { attempt } = await begin(alice);
      await bed.reopen();
      expect(await counterOf(aliceKey)).toMatchObject({ open: 1 });
      const first = await complete(attempt?.id, "failed");
      await bed.reopen();
      expect(await complete(attempt?.id, "failed")).toEqual(first);
    });

    it("that is only reported is counted too", async () => {
      expect(await report(alice, "failed", "totp")).toMatchObject({
        failed: 1,
      });
      expect((await bed.store.findLockout(alice))?.view.counters).toMatchObject(
        {
          totp: { failed: 1, open: 0 },
          password: { failed: 0 },
        },
      );
    });

    it("takes one of N chances, however many race, and the last failure locks once", async () => {
      const tool = await bed.open("tool");
      const stores = [bed.store, bed.store, bed.store, tool];
      const begun = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          begin(alice, "password", {}, stores[index % 4]),
        ),
      );
      const open = begun.flatMap(({ attempt }) => attempt?.id ?? []);
      expect(open).toHaveLength(3);
      expect(begun.filter(({ decision }) => decision === "busy")).toHaveLength(
        197,
      );

      const answers = await Promise.all(
        open.flatMap((id, index) => [
          complete(id, "failed", stores[index]),
          complete(id, "failed", tool),
        ]),
      );
      expect(new Set(answers.map(({ failed }) => failed))).toEqual(
        new Set([1, 2, 3]),
      );
      expect(await bed.events({ types: ["user.locked"] })).toHaveLength(1);
      expect(await begin(alice)).toMatchObject({
        decision: "locked",
        failed: 3,
        attempt: undefined,
      });
    });
  });

  describe("an attempt that nobody completes", () => {
    const expired = {
      type: "user.human.password.check.failed",
      editor: "SYSTEM",
      payload: { expired: true },
    };

    /** Opens the last chance, and lets it expire some time ago. */
    const letExpire = async () => {
      await setLimits(1);
      const { attempt } = await begin(alice);
      bed.time += ttlMs + 500;
      return attempt?.id;
    };
    const lock = {
      reason: "password_attempts",
      time: start + ttlMs,
      by: "SYSTEM",
    };

    it("is open up to its expiry, and failed from then on", async () => {
      await setLimits(3);
      const { attempt } = await begin(alice);
      bed.time = start + ttlMs - 1;
      expect(await counterOf(aliceKey)).toMatchObject({ failed: 0, open: 1 });
      bed.time = start + ttlMs;
      expect(await counterOf(aliceKey)).toMatchObject({
        failed: 1,
        open: 0,
        lastFailure: start + ttlMs,
      });
      expect(await complete(attempt?.id, "failed")).toMatchObject({
        failed: 1,
        locked: false,
      });
      await expect(complete(attempt?.id, "succeeded")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att06" },
      });
    });

    type Look = (store: WholeStore) => Promise<unknown>;
    const looks: [string, Look][] = [
      ["who asks for the lockout", (store) => store.findLockout(alice)],
      ["who asks for the user", (store) => store.findUser(aliceKey)],
      [
        "who lists users",
        (store) => store.listUsers(orgA.orgId, {}, firstPage),
      ],
      [
        "who lists the locked",
        (store) => store.listLocked(orgA, {}, firstPage),
      ],
      ["who begins another", () => begin(alice)],
      ["who reports one", () => report(alice, "failed")],
      [
        "who changes the user",
        (store) =>
          store.changeUser(aliceKey, "e", (view) => ({
            result: view.user,
            steps: [],
            events: [],
          })),
      ],
      [
        "who puts the user",
        (store) => store.putUser(aliceKey, [], "e", putUser(undefined)),
      ],
    ];

    it.each(looks)("locks for %s", async (_, look) => {
      await letExpire();
      const seen = JSON.stringify(await look(bed.store));

      expect(seen).toMatch(/"lock(ed)?"/);
      expect(await bed.store.findUser(aliceKey)).toMatchObject({ lock });
      expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
        { type: "user.human.added" },
        { ...expired, creationMicros: (start + ttlMs) * 1000 },
        { type: "user.locked", editor: "SYSTEM" },
      ]);
    });

    it("is answered so when it is completed too late", async () => {
      const id = await letExpire();
      await expect(complete(id, "succeeded")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-att06" },
      });
      expect(await complete(id, "failed")).toEqual({
        accepted: false,
        locked: true,
        failed: 1,
        limit: 1,
      });
      expect(await bed.events({ types: ["user.locked"] })).toHaveLength(1);
    });

    it("refuses a lock of one who is locked by then", async () => {
      await letExpire();
      await expect(
        bed.store.changeUser(
          aliceKey,
          "admin",
          lockUser({ version: "v1", authorise: () => undefined }),
        ),
      ).rejects.toMatchObject({ entry: { id: "COMMAND-3NN8v" } });
    });

    it("is closed by settling, though nobody asks", async () => {
      await letExpire();
      expect(await bed.store.settleAttempts(10)).toBe(1);
      expect(await bed.store.settleAttempts(10)).toBe(0);
      expect(await bed.events({ aggregateTypes: ["user"] })).toMatchObject([
        { type: "user.human.added" },
        expired,
        { type: "user.locked" },
      ]);
    });

    it("is closed in its turn, and not more than so many at once", async () => {
      for (let index = 0; index < 250; index += 1) {
        bed.time += 1;
        await begin({ kind: "user", orgId: orgA.orgId, userId: `u${index}` });
      }
      const waiting = await begin(alice);
      expect(waiting.decision).toBe("proceed");
      bed.time += ttlMs - 1;

      expect(await bed.store.settleAttempts(120)).toBe(120);
      const events = await bed.events({
        types: ["user.human.password.check.failed"],
      });
      expect(events.map(({ aggregateId }) => aggregateId)).toEqual(
        Array.from({ length: 120 }, (_, index) => `u${index}`),
      );
      expect(events.map(({ creationMicros }) => creationMicros / 1000)).toEqual(
        Array.from({ length: 120 }, (_, index) => start + index + 1 + ttlMs),
      );
      // The last one began with the last but one, and both expire in a moment.
      expect(await bed.store.settleAttempts(1000)).toBe(129);
      bed.time += 1;
      expect(await bed.store.settleAttempts(1000)).toBe(2);
    });

    it("locks by the policy that holds when it is counted", async () => {
      await setLimits(3);
      await begin(alice);
      bed.time += ttlMs;
      await bed.store.changePolicy(
        orgA,
        "admin",
        updateOrgPolicy(orgA.orgId, limits(1, 1)),
      );
      expect(await begin(alice)).toMatchObject({ decision: "locked" });
    });
  });

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
