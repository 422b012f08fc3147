import { describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import type { Factor } from "../../../src/lockout/user/factor.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import type { WantedState } from "../../../src/lockout/user/user.ts";
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
import { orgA, orgB, start } from "./samples.ts";

const elsewhere: UserKey = { orgId: orgB.orgId, userId: "alice" };

const allowed = { version: "v2", authorise: () => undefined } as const;
const lock = lockUser(allowed);
const unlock = unlockUser(allowed);

const alias = (name: string) => ({ name, folded: name.toLowerCase() });

/** How users are listed, counted and found by filters. */
export function describeUserList(bed: StoreBed): void {
  const { setLimits } = attemptCalls(bed);
  const register = (key: UserKey) =>
    bed.store.putUser(key, [], "e", putUser(undefined));

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
