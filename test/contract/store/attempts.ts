import { firstPage } from "../../support/first-page.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../../../src/store/ids.ts";
import { updateOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
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
}
