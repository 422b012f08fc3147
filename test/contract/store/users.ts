import { describe, expect, it } from "vitest";
import { LockoutError } from "../../../src/lockout/errors/errors.ts";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import { zeroCounter } from "../../../src/lockout/user/counter.ts";
import { factors } from "../../../src/lockout/user/factor.ts";
import type { Factor } from "../../../src/lockout/user/factor.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { lockUser, newUser, putUser } from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import type {
  DecideUser,
  UserView,
  WantedState,
} from "../../../src/lockout/user/user.ts";
import { toPageToken } from "../../../src/store/page-token.ts";
import type {
  LockedFilter,
  UserFilter,
  UserKey,
} from "../../../src/store/users.ts";
import type { Page, PageRequest } from "../../../src/store/pages.ts";
import { attemptCalls } from "./attempt-calls.ts";
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

  const { setLimits } = attemptCalls(bed);
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

  describe("a list of users", () => {
    /** Reads all pages. */
    const readAll = async <Item>(
      list: (page: PageRequest) => Promise<Page<Item>>,
      size: number,
    ): Promise<Item[][]> => {
      const pages: Item[][] = [];
      let after: string | undefined;
      do {
        const page = await list({ size, after });
        pages.push([...page.items]);
        after = page.next;
      } while (after !== undefined);
      return pages;
    };

    it("has an organisation's users by id, page by page", async () => {
      const ids = ["b", "a", "Z", "ä", "aa", "10", "9", "'", "😀"];
      for (const userId of ids) {
        await register({ orgId: orgA.orgId, userId });
      }
      await register(elsewhere);

      const list = (page: PageRequest) =>
        bed.store.listUsers(orgA.orgId, {}, page);
      const sorted = ["'", "10", "9", "Z", "a", "aa", "b", "ä", "😀"];
      for (const size of [1, 2, 3, 8, 9, 10, 1000]) {
        const pages = await readAll(list, size);
        expect(pages.flat().map(({ userId }) => userId)).toEqual(sorted);
        expect(pages).toHaveLength(Math.ceil(sorted.length / size));
      }
      expect(await list({ size: 1, after: undefined })).toMatchObject({
        items: [{ orgId: orgA.orgId, userId: "'", account: "active" }],
      });
      expect(
        await bed.store.listUsers(
          "nobody's",
          {},
          { size: 1, after: undefined },
        ),
      ).toEqual({ items: [], next: undefined });
    });

    it("ends a page at 1 MiB of JSON, and goes on in the next", async () => {
      const userIds = Array.from(
        { length: 60 },
        (_, index) => `u${100 + index}`,
      );
      await Promise.all(
        userIds.map((userId) =>
          bed.store.putUser(
            { orgId: orgA.orgId, userId },
            Array.from({ length: 100 }, (_, index) =>
              // A control character takes six bytes of JSON.
              alias(`${userId}.${index}.`.padEnd(200, "a\u0001")),
            ),
            "e",
            putUser(undefined),
          ),
        ),
      );
      const pages = await readAll(
        (page) => bed.store.listUsers(orgA.orgId, {}, page),
        1000,
      );
      expect(pages.flat().map(({ userId }) => userId)).toEqual(userIds);
      const sizes = pages.map((page) =>
        Buffer.byteLength(JSON.stringify(page)),
      );
      expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
      expect(sizes.slice(0, -1).every((size) => size > 900_000)).toBe(true);
    });

    it("lets others have their turn while a page is read", async () => {
      await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          register({ orgId: orgA.orgId, userId: `u${index}` }),
        ),
      );
      let turns = 0;
      let listed = false;
      const turn = () => {
        turns += 1;
        if (!listed) {
          setImmediate(turn);
        }
      };
      setImmediate(turn);
      const page = { size: 1000, after: undefined };
      const { items } = await bed.store.listUsers(orgA.orgId, {}, page);
      listed = true;
      expect(items).toHaveLength(60);
      expect(turns).toBeGreaterThanOrEqual(2);
    });

    it("has the locked ones by the time of the lock, page by page", async () => {
      const userIds = ["d", "c", "b", "a"];
      for (const [index, userId] of userIds.entries()) {
        // Two at a time.
        bed.time = start + 10 * Math.floor(index / 2);
        const key = { orgId: orgA.orgId, userId };
        await register(key);
        await bed.store.changeUser(key, "admin", lock);
      }
      await register({ orgId: orgA.orgId, userId: "free" });
      await bed.store.putUser(elsewhere, [], "e", putUser("locked"));

      const list = (since?: number) => (page: PageRequest) =>
        bed.store.listLocked(orgA, { since }, page);
      const idsOf = async (since: number | undefined, size: number) =>
        (await readAll(list(since), size)).flat().map(({ userId }) => userId);

      for (const size of [1, 2, 3, 4, 5]) {
        expect(await idsOf(undefined, size)).toEqual(["c", "d", "a", "b"]);
      }
      expect(await idsOf(start + 10, 1)).toEqual(["a", "b"]);
      expect(await idsOf(start + 11, 1)).toEqual([]);
      expect(await list()({ size: 1, after: undefined })).toMatchObject({
        items: [
          {
            userId: "c",
            view: {
              user: {
                lock: { reason: "administrator", time: start, by: "admin" },
              },
            },
          },
        ],
      });

      const key = { orgId: orgA.orgId, userId: "d" };
      await bed.store.changeUser(key, "admin", unlock);
      expect(await idsOf(undefined, 2)).toEqual(["c", "a", "b"]);
    });

    describe("by a filter", () => {
      const put = (
        userId: string,
        names: readonly string[],
        state: WantedState,
      ) =>
        bed.store.putUser(
          { orgId: orgA.orgId, userId },
          names.map(alias),
          "e",
          putUser(state),
        );
      const part = (id: string) => ({ id, folded: id.toLowerCase() });
      const usersOf = async (filter: UserFilter, size = 1000) =>
        (
          await readAll(
            (page) => bed.store.listUsers(orgA.orgId, filter, page),
            size,
          )
        )
          .flat()
          .map(({ userId }) => userId);
      const lockedOf = async (filter: LockedFilter, size = 1000) => {
        const read = (page: PageRequest) =>
          bed.store.listLocked(orgA, filter, page);
        const found = (await readAll(read, size)).flat();
        expect(await bed.store.countLocked(orgA, filter)).toBe(found.length);
        return found.map(({ userId }) => userId);
      };

      it("has the users with a part of an id or alias, and in a state", async () => {
        await put("anna", [], "active");
        await put("b", ["Joanna", "bea"], "inactive");
        await put("c", ["Carl"], "locked");
        await put("d_%", ["x"], "initial");
        await bed.store.putUser(
          elsewhere,
          [alias("anna")],
          "e",
          putUser("active"),
        );
        for (const size of [1, 2, 1000]) {
          expect(await usersOf({ part: part("anna") }, size)).toEqual([
            "anna",
            "b",
          ]);
        }
        expect(await usersOf({ part: part("CAR") })).toEqual(["c"]);
        expect(await usersOf({ part: part("%") })).toEqual(["d_%"]);
        expect(await usersOf({ part: part("nobody") })).toEqual([]);
        expect(await usersOf({ state: "active" })).toEqual(["anna"]);
        expect(await usersOf({ state: "inactive" })).toEqual(["b"]);
        expect(await usersOf({ state: "initial" })).toEqual(["d_%"]);
        expect(await usersOf({ state: "locked" }, 1)).toEqual(["c"]);
        expect(await usersOf({ part: part("a"), state: "inactive" })).toEqual([
          "b",
        ]);
      });

      it("has all who fit, however few of many", async () => {
        for (let index = 0; index < 250; index += 1) {
          await put(`user ${String(index).padStart(3, "0")}`, [], "locked");
        }
        await put("user 120 and more", [], "locked");
        for (const size of [1, 3]) {
          expect(await usersOf({ part: part("0 and") }, size)).toEqual([
            "user 120 and more",
          ]);
          expect(
            await lockedOf({ prefix: part("user 12") }, size),
          ).toHaveLength(11);
        }
      });

      it("has locked users by reason, prefix and address", async () => {
        await setLimits(1);
        const fail = (
          userId: string,
          address?: string,
          factor: Factor = "password",
        ) =>
          bed.store.reportAttempt(
            userSubject({ orgId: orgA.orgId, userId }),
            "login",
            (view) =>
              reportAttempt(
                view,
                factor,
                address === undefined ? {} : { address },
                "failed",
              ),
          );
        await put("emp-1", ["one"], "locked");
        bed.time += 1;
        await put("two", ["Emp-2"], "active");
        await fail("two", "203.0.113.7");
        bed.time += 1;
        await fail("emp-3", "198.51.100.7", "totp");
        bed.time += 1;
        await fail("four");
        // What follows a lock does not hide it.
        await bed.store.changeUser(
          { orgId: orgA.orgId, userId: "two" },
          "e",
          recordPasswordChange,
        );

        expect(await lockedOf({})).toEqual(["emp-1", "two", "emp-3", "four"]);
        expect(await lockedOf({ reasons: ["administrator"] })).toEqual([
          "emp-1",
        ]);
        expect(
          await lockedOf({ reasons: ["password_attempts", "otp_attempts"] }, 1),
        ).toEqual(["two", "emp-3", "four"]);
        expect(await lockedOf({ prefix: part("emp-") }, 1)).toEqual([
          "emp-1",
          "two",
          "emp-3",
        ]);
        expect(
          await lockedOf({
            fromAddress: (address) => address.startsWith("203."),
          }),
        ).toEqual(["two"]);
        expect(await lockedOf({ fromAddress: () => true })).toEqual([
          "two",
          "emp-3",
        ]);
        expect(
          await lockedOf({
            ...{ since: start + 2, prefix: part("emp-") },
            fromAddress: () => true,
          }),
        ).toEqual(["emp-3"]);
      });
    });

    it("refuses a token that no page of it gave", async () => {
      for (const userId of ["a", "b"]) {
        await bed.store.putUser(
          { orgId: orgA.orgId, userId },
          [],
          "e",
          putUser("locked"),
        );
      }
      const first = { size: 1, after: undefined };
      const users = await bed.store.listUsers(orgA.orgId, {}, first);
      const locked = await bed.store.listLocked(orgA, {}, first);
      const made = [
        toPageToken(["users"]),
        toPageToken(["users", 7]),
        toPageToken(["locked", "x", "y"]),
        toPageToken(["locked", 1.5, "y"]),
        toPageToken(["locked", 2 ** 63, "y"]),
      ];

      for (const after of ["", "?", "abc", "e30", `${users.next}=`, ...made]) {
        const page = { size: 1, after };
        await expect(
          bed.store.listUsers(orgA.orgId, {}, page),
        ).rejects.toBeInstanceOf(RangeError);
        await expect(
          bed.store.listLocked(orgA, {}, page),
        ).rejects.toBeInstanceOf(RangeError);
      }
      await expect(
        bed.store.listUsers(orgA.orgId, {}, { size: 1, after: locked.next }),
      ).rejects.toBeInstanceOf(RangeError);
      await expect(
        bed.store.listLocked(
          orgA,
          {},
          {
            size: 1,
            after: users.next,
          },
        ),
      ).rejects.toBeInstanceOf(RangeError);
    });

    it("are found by an alias in some organisations, and counted", async () => {
      const put = (orgId: string, userId: string, ...names: string[]) =>
        bed.store.putUser(
          { orgId, userId },
          names.map(alias),
          "e",
          putUser(undefined),
        );
      await put(orgA.orgId, "one", "x", "y");
      await put(orgA.orgId, "two", "z");
      await put(orgB.orgId, "one", "x");
      const both = [orgA.orgId, orgB.orgId];
      const named = async (orgIds: readonly string[], ...names: string[]) =>
        (await bed.store.findUsersNamed(orgIds, names))
          .map(({ orgId, userId }) => `${orgId} ${userId}`)
          .sort();
      expect(await named([orgA.orgId], "x", "y")).toEqual([
        `${orgA.orgId} one`,
      ]);
      expect(await named(both, "x", "z")).toEqual([
        ...[`${orgA.orgId} one`, `${orgA.orgId} two`, `${orgB.orgId} one`],
      ]);
      expect(await named(both, "w")).toEqual([]);
      expect(await named([], "x")).toEqual([]);
      expect(await bed.store.countUsers(orgA.orgId)).toBe(2);
      expect(await bed.store.countUsers(undefined)).toBe(3);
      expect(await bed.store.countUsers("300000000000000009")).toBe(0);
    });
  });
}
