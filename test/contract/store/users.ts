import { describe, expect, it } from "vitest";
import { LockoutError } from "../../../src/lockout/errors/errors.ts";
import { zeroCounter } from "../../../src/lockout/user/counter.ts";
import { factors } from "../../../src/lockout/user/factor.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { lockUser, newUser, putUser } from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import type { DecideUser, UserView } from "../../../src/lockout/user/user.ts";
import type { UserKey } from "../../../src/store/users.ts";
import type { StoreBed } from "./bed.ts";
import { userSubject } from "../../../src/store/users.ts";
import { init, limits, maxUsersPerOrg, orgA, orgB, start } from "./samples.ts";

const alice: UserKey = { orgId: orgA.orgId, userId: "alice" };
const bob: UserKey = { orgId: orgA.orgId, userId: "bob" };
const elsewhere: UserKey = { orgId: orgB.orgId, userId: "alice" };

const allowed = { version: "v2", authorise: () => undefined } as const;
const lock = lockUser(allowed);
const unlock = unlockUser(allowed);

const alias = (name: string) => ({ name, folded: name.toLowerCase() });

/** Registers a user and adds to the counter of passwords. */
const fail: DecideUser<void> = (view) => ({
  result: undefined,
  ...(view.user === undefined && { user: newUser }),
  steps: [{ factor: "password", failed: 1, open: 0 }],
  events: [{ type: "user.human.password.check.failed" }],
});

export function describeUsers(bed: StoreBed): void {
  /** Runs a command that changes nothing, and returns what it saw. */
  const see = async (key: UserKey): Promise<UserView> => {
    const { result } = await bed.store.changeUser(key, "viewer", (view) => ({
      result: view,
      steps: [],
      events: [],
    }));
    return result;
  };

  const register = (key: UserKey) =>
    bed.store.putUser(key, [], "e", putUser(undefined));

  describe("a user", () => {
    it("who was never seen is nobody, with nothing counted", async () => {
      const view = await see(alice);

      expect(view).toEqual({
        user: undefined,
        counters: Object.fromEntries(
          factors.map((factor) => [factor, zeroCounter]),
        ),
        limits: limits(0, 0),
        rules: noRules,
        hashSecret: expect.any(Function) as unknown,
        findSource: expect.any(Function) as unknown,
        signDevice: expect.any(Function) as unknown,
        readDeviceToken: expect.any(Function) as unknown,
        editor: "viewer",
        now: start,
      });
      expect(await bed.store.findUser(alice)).toBeUndefined();
      expect(await bed.store.findLockout(userSubject(alice))).toBeUndefined();
      expect(await bed.store.findOrgsOfUser("alice", 2)).toEqual([]);
    });

    it("is shown with the first and the last event since the registration", async () => {
      const ends = async () => {
        const found = await bed.store.findUserRecord(alice);
        return (
          found && {
            user: found.user.userId,
            first: found.first?.sequence,
            last: found.last?.sequence,
          }
        );
      };
      expect(await ends()).toBeUndefined();
      await register(alice);
      await register(elsewhere);
      await bed.store.changeUser(elsewhere, "e", fail);
      expect(await ends()).toEqual({ user: "alice", first: 1, last: 1 });
      await bed.store.changeUser(alice, "e", fail);
      expect(await ends()).toEqual({ user: "alice", first: 1, last: 2 });
      await bed.store.deleteUser(alice, "e");
      expect(await ends()).toBeUndefined();
      await register(alice);
      await bed.store.changeUser(alice, "e", fail);
      expect(await ends()).toEqual({ user: "alice", first: 4, last: 5 });
    });

    it("is measured by the organisation's own policy, else by the default", async () => {
      await bed.store.initialise(init);
      expect((await see(alice)).limits).toEqual(limits(3, 0));
      await bed.store.changePolicy(
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(7, 8)),
      );
      expect((await see(alice)).limits).toEqual(limits(7, 8));
      expect((await see(elsewhere)).limits).toEqual(limits(3, 0));
    });

    it("is written with events of an aggregate of its own", async () => {
      const first = await bed.store.changeUser(alice, "e1", fail);
      bed.time += 5;
      const second = await bed.store.changeUser(alice, "e2", (view) => ({
        ...fail(view),
        result: "done",
        events: [
          {
            type: "user.human.password.check.failed",
            payload: { address: "::1" },
          },
          { type: "user.locked" },
        ],
      }));

      expect(first.events).toMatchObject([
        { sequence: 1, type: "user.human.added", editor: "e1" },
        { sequence: 2, payload: undefined },
      ]);
      expect(second).toMatchObject({
        result: "done",
        events: [
          {
            aggregateType: "user",
            aggregateId: "alice",
            resourceOwner: orgA.orgId,
            sequence: 3,
            type: "user.human.password.check.failed",
            editor: "e2",
            creationMicros: (start + 5) * 1000,
            payload: { address: "::1" },
          },
          { sequence: 4, type: "user.locked" },
        ],
      });
      expect(await bed.events()).toEqual([...first.events, ...second.events]);
    });

    it("is counted by steps, each factor by itself", async () => {
      const step = (
        factor: (typeof factors)[number],
        failed: number | "clear",
        open: number,
      ) =>
        bed.store.changeUser(alice, "e", (view) => ({
          result: undefined,
          ...(view.user === undefined && { user: newUser }),
          steps: [{ factor, failed, open }],
          events: [],
        }));

      await step("password", 1, 0);
      await step("password", 2, 1);
      bed.time += 7;
      await step("totp", 1, 2);
      await step("password", 0, 3);
      await step("otp_sms", "clear", 0);
      expect((await see(alice)).counters).toMatchObject({
        password: { failed: 3, open: 4, lastFailure: start },
        totp: { failed: 1, open: 2, lastFailure: start + 7 },
        otp_sms: { failed: 0, open: 0, lastFailure: undefined },
      });

      await step("password", "clear", -2);
      await step("totp", 0, -2);
      expect((await see(alice)).counters).toMatchObject({
        password: { failed: 0, open: 2 },
        totp: { failed: 1, open: 0, lastFailure: start + 7 },
      });
    });

    it("is locked and unlocked, and found so", async () => {
      await bed.store.putUser(alice, [], "e", putUser("initial"));
      bed.time += 10;
      await bed.store.changeUser(alice, "admin", fail);
      await bed.store.changeUser(alice, "admin", lock);

      const locked = {
        account: "initial",
        lock: { reason: "administrator", time: start + 10, by: "admin" },
      };
      expect(await bed.store.findUser(alice)).toEqual({
        ...alice,
        ...locked,
        aliases: [],
      });
      bed.time += 1;
      expect(await bed.store.findLockout(userSubject(alice))).toMatchObject({
        ...alice,
        view: {
          user: locked,
          counters: { password: { failed: 1, lastFailure: start + 10 } },
          limits: limits(0, 0),
          now: start + 11,
        },
      });

      await bed.store.changeUser(alice, "admin", unlock);
      expect(await bed.store.findUser(alice)).toMatchObject({
        account: "active",
        lock: undefined,
      });
      expect((await see(alice)).counters.password.failed).toBe(0);
    });

    it("whose command is refused is as before", async () => {
      await expect(
        bed.store.changeUser(alice, "e", lock),
      ).rejects.toMatchObject({ entry: { id: "COMMAND-450yxuqrh1" } });
      expect(await bed.store.findUser(alice)).toBeUndefined();
      expect(await bed.events()).toEqual([]);
    });

    it("is another person in each organisation", async () => {
      await bed.store.changeUser(elsewhere, "e", fail);
      await bed.store.changeUser(alice, "e", fail);
      await bed.store.changeUser(alice, "e", lock);

      expect(await bed.store.findUser(elsewhere)).toMatchObject({
        lock: undefined,
      });
      expect((await bed.events()).map(({ sequence }) => sequence)).toEqual([
        1, 2, 1, 2, 3,
      ]);
      const orgs = [orgB.orgId, orgA.orgId];
      expect(await bed.store.findOrgsOfUser("alice", 3)).toEqual(orgs);
      expect(await bed.store.findOrgsOfUser("alice", 1)).toEqual(
        orgs.slice(0, 1),
      );
    });

    it("keeps every one of 1,000 steps at once", async () => {
      const tool = await bed.open("tool");
      await Promise.all(
        Array.from({ length: 1000 }, (_, index) =>
          (index % 10 === 0 ? tool : bed.store).changeUser(alice, "e", fail),
        ),
      );
      expect((await see(alice)).counters.password.failed).toBe(1000);
      expect((await bed.events()).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 1001 }, (_, index) => index + 1),
      );
    });

    it("is removed with all but the events, and starts anew", async () => {
      await bed.store.putUser(alice, [alias("Al")], "e", putUser("locked"));
      await bed.store.changeUser(alice, "e", recordPasswordChange);

      const removed = await bed.store.deleteUser(alice, "e");
      expect(await bed.store.deleteUser(alice, "e")).toBeUndefined();
      expect(await bed.store.findUser(alice)).toBeUndefined();
      expect(await bed.store.findOrgsOfUser("alice", 2)).toEqual([]);
      const before = await bed.events();
      expect(before.at(-1)).toMatchObject({ type: "user.removed" });
      expect(before.at(-1)).toEqual(removed);

      const { events } = await bed.store.changeUser(alice, "e", fail);
      expect(events.map(({ sequence }) => sequence)).toEqual([
        before.length + 1,
        before.length + 2,
      ]);
      expect(await bed.events()).toEqual([...before, ...events]);
      expect(await bed.store.findUser(alice)).toMatchObject({
        lock: undefined,
        aliases: [],
      });
      expect((await see(alice)).counters.password.failed).toBe(1);
    });

    it("is removed and starts anew, though all commands wait together", async () => {
      const [, first, removed, second, again, last, other] = await Promise.all([
        register(alice),
        bed.store.changeUser(alice, "e", fail),
        bed.store.deleteUser(alice, "e"),
        bed.store.changeUser(alice, "e", fail),
        bed.store.deleteUser(alice, "e"),
        bed.store.changeUser(alice, "e", fail),
        bed.store.changeUser(bob, "e", fail),
      ]);

      expect([removed, again]).toMatchObject([
        { type: "user.removed", sequence: 3 },
        { type: "user.removed", sequence: 6 },
      ]);
      expect(first.events).toMatchObject([{ sequence: 2 }]);
      expect(second.events).toMatchObject([{ sequence: 4 }, { sequence: 5 }]);
      expect(last.events).toMatchObject([{ sequence: 7 }, { sequence: 8 }]);
      expect(other.events).toMatchObject([{ sequence: 1 }, { sequence: 2 }]);
      expect((await see(alice)).counters.password.failed).toBe(1);
    });

    it("is there after the store was opened again", async () => {
      await bed.store.putUser(alice, [alias("Al")], "e", putUser("locked"));
      await bed.store.changeUser(alice, "e", fail);
      const before = [
        await bed.store.findUser(alice),
        await bed.store.findLockout(userSubject(alice)),
      ];
      await bed.reopen();
      expect([
        await bed.store.findUser(alice),
        await bed.store.findLockout(userSubject(alice)),
      ]).toEqual(before);
    });
  });

  describe("aliases", () => {
    it("are kept as they were given, and replaced", async () => {
      const put = (...names: string[]) =>
        bed.store.putUser(alice, names.map(alias), "e", putUser(undefined));

      expect(await put("Zoe", "alice@example.org", "Ä")).toEqual({
        ...alice,
        account: "active",
        lock: undefined,
        aliases: ["Zoe", "alice@example.org", "Ä"],
      });
      await put("ZOE", "b");
      expect((await bed.store.findUser(alice))?.aliases).toEqual(["ZOE", "b"]);
      await put();
      expect((await bed.store.findUser(alice))?.aliases).toEqual([]);
    });

    it("belong to one user of an organisation: else nothing changes", async () => {
      const put = (key: UserKey, ...names: string[]) =>
        bed.store.putUser(key, names.map(alias), "e", putUser("initial"));
      await put(alice, "x", "y");
      await put(elsewhere, "x");

      const thrown: unknown = await put(bob, "b", "Y").catch(
        (error: unknown) => error,
      );
      expect(thrown).toBeInstanceOf(LockoutError);
      expect(thrown).toMatchObject({ entry: { id: "LOCKOUTD-usr03" } });
      expect(await bed.store.findUser(bob)).toBeUndefined();
      expect((await bed.store.findUser(alice))?.aliases).toEqual(["x", "y"]);

      await put(alice, "x");
      await put(bob, "b", "Y");
      await bed.store.deleteUser(alice, "e");
      await put(bob, "x");
      expect((await bed.store.findUser(bob))?.aliases).toEqual(["x"]);
    });
  });

  describe("an organisation that has as many users as it may have", () => {
    const full = async () => {
      await Promise.all(
        Array.from({ length: maxUsersPerOrg }, (_, index) =>
          register({ orgId: orgA.orgId, userId: `u${index}` }),
        ),
      );
    };
    const first = { orgId: orgA.orgId, userId: "u0" };

    it("registers no other, whichever call would", async () => {
      await full();
      await expect(register(alice)).rejects.toThrow("LOCKOUTD-usr07");
      await expect(
        bed.store.changeUser(alice, "e", recordPasswordChange),
      ).rejects.toThrow("LOCKOUTD-usr07");
      await expect(bed.store.changeUser(alice, "e", fail)).rejects.toThrow(
        "LOCKOUTD-usr07",
      );
      expect(await bed.store.findUser(alice)).toBeUndefined();
      expect(await bed.events({ aggregateId: alice.userId })).toEqual([]);
    });

    it("serves those whom it has, and other organisations register theirs", async () => {
      await full();
      await register(first);
      await bed.store.changeUser(first, "e", fail);
      expect((await see(first)).counters.password.failed).toBe(1);
      await register(elsewhere);
    });

    it("registers one for each that is deleted, also once it is opened anew", async () => {
      await full();
      await bed.reopen();
      await expect(register(alice)).rejects.toThrow("LOCKOUTD-usr07");
      await bed.store.deleteUser(first, "e");
      await register(alice);
      await expect(register(bob)).rejects.toThrow("LOCKOUTD-usr07");
    });
  });
}
