import { beforeEach, describe, expect, it } from "vitest";
import { completeAttempt } from "../../../src/lockout/attempt/attempt.ts";
import {
  changeLoginName,
  updateAccount,
} from "../../../src/lockout/account/account.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { putUser } from "../../../src/lockout/user/user.ts";
import { unlockSubject } from "../../../src/lockout/user/unlock.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Store } from "../../../src/store/store.ts";
import { firstPage } from "../../support/first-page.ts";
import type { StoreBed } from "./bed.ts";
import { begin, fail, fillOrg, hookOf, openMs } from "./full-org.ts";
import { hashOf, init, limits, newToken } from "./samples.ts";

const refused = { entry: { id: "AUTH-Bs7Ds" } };

export function describeRemovedOrgs(bed: StoreBed): void {
  describe("an organisation that is removed", () => {
    let orgId: string;
    let firstOrgId: string;
    let filled: Awaited<ReturnType<typeof fillOrg>>;

    beforeEach(async () => {
      ({ firstOrgId } = await bed.store.initialise(init));
      ({ id: orgId } = await bed.store.createOrg("gone", "e"));
      filled = await fillOrg(bed.store, orgId, 10);
    });

    const settle = async (store: Store = bed.store) => {
      while ((await store.settleAttempts(10)) > 0) {
        // There is more.
      }
    };
    const eventsOfOrg = () => bed.events({ resourceOwner: orgId });

    it("is found by nobody, in another process neither, and its event is its last", async () => {
      const tool = await bed.open("tool");
      expect(await tool.orgExists(orgId)).toBe(true);
      expect(await bed.store.orgExists(orgId)).toBe(true);
      const before = await eventsOfOrg();
      bed.time += 5;
      const removed = await tool.removeOrg(orgId, "ann");
      for (const store of [bed.store, tool]) {
        await expect.poll(() => store.orgExists(orgId)).toBe(false);
        expect(await store.findOrg(orgId)).toBeUndefined();
        const { items } = await store.listOrgs(firstPage);
        expect(items.map(({ id }) => id)).toEqual([firstOrgId]);
        expect(await store.removeOrg(orgId, "ann")).toBeUndefined();
      }
      const after = await eventsOfOrg();
      expect(after.slice(0, -1)).toEqual(before);
      expect(after.at(-1)).toMatchObject({
        ...{ type: "org.removed", editor: "ann", aggregateId: orgId },
        payload: undefined,
      });
      expect(removed).toEqual(after.at(-1));
      const { last } = await bed.store.findEventEnds("org", orgId);
      expect(last).toEqual(after.at(-1));
    });

    it("is none that is unknown, nor the first one", async () => {
      const position = await bed.store.lastPosition();
      expect(
        await bed.store.removeOrg("300000000000000009", "e"),
      ).toBeUndefined();
      expect(
        await bed.store.removeOrg("1".repeat(100_000), "e"),
      ).toBeUndefined();
      await expect(bed.store.removeOrg(firstOrgId, "e")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-org05" },
      });
      expect(await bed.store.lastPosition()).toBe(position);
      expect(await bed.store.orgExists(firstOrgId)).toBe(true);
    });

    it("leaves its name and those of its accounts to others at once", async () => {
      await bed.store.removeOrg(orgId, "e");
      const again = await bed.store.createOrg("gone", "e");
      expect(again.id).not.toBe(orgId);
      const { loginName } = filled.account;
      const { result: account } = await bed.store.createAccount(
        { orgId: again.id, loginName, name: "", roles: [] },
        "e",
      );
      expect(await bed.store.findAccountByName(loginName)).toEqual(account);
      expect(await bed.store.findAccount(filled.account.id)).toBeUndefined();
      expect(await bed.store.tokenName(filled.account.id)).toBe(loginName);
      await settle();
      expect(await bed.store.findAccountByName(loginName)).toEqual(account);
    });

    it("leaves the names of its accounts to those that are renamed, and is not renamed itself", async () => {
      const { result: other } = await bed.store.createAccount(
        { orgId: firstOrgId, loginName: "other", name: "", roles: [] },
        "e",
      );
      await bed.store.removeOrg(orgId, "e");
      const { loginName } = filled.account;
      const changed = await bed.store.changeAccount(
        ...([other.id, "e", changeLoginName(loginName)] as const),
      );
      expect(await bed.store.findAccountByName(loginName)).toEqual(
        changed?.result,
      );
      expect(await bed.store.findAccount(filled.account.id)).toBeUndefined();
      expect(await bed.store.renameOrg(orgId, "other", "e")).toBeUndefined();
      await settle();
      expect(await bed.store.findAccountByName(loginName)).toMatchObject({
        id: other.id,
      });
    });

    it("lets nobody in by what was its own, in another process neither", async () => {
      const tool = await bed.open("tool");
      const { account, token, hook } = filled;
      expect(await bed.store.findToken(hashOf(10))).toBeDefined();
      expect(await bed.store.findToken(hashOf(11))).toBeDefined();
      await bed.store.removeOrg(orgId, "e");
      const isGone = async (store: Store) => {
        expect(await store.findToken(hashOf(10))).toBeUndefined();
        expect(await store.findToken(hashOf(11))).toBeUndefined();
        expect(await store.findAccount(account.id)).toBeUndefined();
        expect(
          await store.findAccountByName(account.loginName),
        ).toBeUndefined();
        expect((await store.listAccounts(undefined, firstPage)).items).toEqual(
          [],
        );
        const { items: tokens } = await store.listTokens(false, firstPage);
        expect(tokens.map(({ name }) => name)).toEqual(["admin"]);
        expect(await store.revokeToken(token.id, "e")).toBeUndefined();
        const secret = { hash: hashOf(12), oldExpirationDate: bed.time };
        const rotated = store.rotateToken(
          ...([token.id, secret, "e"] as const),
          () => undefined,
        );
        expect(await rotated).toBeUndefined();
        expect(
          await store.changeAccount(
            account.id,
            "e",
            updateAccount("other", undefined),
          ),
        ).toBeUndefined();
        expect(
          (await store.listSendingHooks("", 10)).map(({ id }) => id),
        ).toEqual([]);
        const found = await store.findHook(hook.id);
        expect(found?.disableReason ?? "administrator").toBe("administrator");
      };
      await isGone(bed.store);
      await isGone(tool);
      await settle();
      await isGone(bed.store);
      const { items } = await bed.store.listTokens(true, firstPage);
      expect(items).toMatchObject([
        { name: "admin" },
        { name: "own", orgName: "gone", revokeDate: bed.time },
        { name: account.loginName, revokeDate: bed.time },
      ]);
      expect(await bed.store.tokenName(account.id)).toBe(account.loginName);
      expect(await bed.store.findHook(hook.id)).toBeUndefined();
    });

    it("has no users, and refuses all that is done to them", async () => {
      await bed.store.removeOrg(orgId, "e");
      const { store } = bed;
      const key = { orgId, userId: "user-0" };
      const position = await store.lastPosition();
      const done = [
        store.changeUser(key, "e", putUser("inactive")),
        store.putUser(key, [], "e", putUser("active")),
        store.putUser({ orgId, userId: "new" }, [], "e", putUser("active")),
        begin(store, userSubject(key)),
        begin(store, { kind: "name", orgId, foldedName: "name-1" }),
        begin(store, { kind: "name", orgId, foldedName: "new" }),
        fail(store, userSubject({ orgId, userId: "known" }), "once"),
        fail(store, userSubject({ orgId, userId: "new" })),
        store.unlock(
          userSubject(key),
          "e",
          unlockSubject({
            ...{ note: "", ticket: "", ifLockedAt: undefined },
            unknown: "notLocked",
          }),
        ),
        store.createToken(newToken(20, orgId), "e"),
        store.createAccount(
          { orgId, loginName: "other", name: "", roles: [] },
          "e",
        ),
        store.createHook(hookOf(orgId), "e"),
        store.changePolicy(
          { kind: "org", orgId },
          "e",
          addOrgPolicy(orgId, limits(9, 9)),
        ),
      ];
      for (const result of await Promise.allSettled(done)) {
        expect(result).toMatchObject({ status: "rejected", reason: refused });
      }
      await expect(
        store.completeAttempt(
          ...([orgId, filled.attemptId, "e"] as const),
          (view, attempt) => completeAttempt(view, attempt, "failed"),
        ),
      ).rejects.toMatchObject(refused);
      expect(await store.deleteUser(key, "e")).toBeUndefined();
      expect(await store.findUser(key)).toBeUndefined();
      expect(await store.findUserRecord(key)).toBeUndefined();
      expect(await store.findLockout(userSubject(key))).toBeUndefined();
      expect(await store.findOrgsOfUser("user-0", 9)).toEqual([]);
      expect(await store.findUsersNamed([orgId], ["name-0"])).toEqual([]);
      expect(await store.countUsers(undefined)).toBe(0);
      const everywhere = { orgId: undefined };
      expect((await store.listLocked(everywhere, {}, firstPage)).items).toEqual(
        [],
      );
      expect(await store.countLocked(everywhere, {})).toBe(0);
      expect(await store.countLockedNames(everywhere, {})).toBe(0);
      expect(await store.figures(true)).toMatchObject({
        lockedUsers: [],
        hooks: { enabled: 0, disabled: 0 },
      });
      const owner = { kind: "org", orgId } as const;
      expect(await store.findPolicy(owner)).toBeUndefined();
      expect(await store.lastPosition()).toBe(position);
    });

    it("has nothing decided of it by the clock: neither what was open, nor what was noted", async () => {
      await bed.store.removeOrg(orgId, "e");
      const before = await eventsOfOrg();
      bed.time += openMs;
      // What is open has ended before the rows are removed.
      await bed.store.listUsers(firstOrgId, {}, firstPage);
      await settle();
      expect(await eventsOfOrg()).toEqual(before);
    });

    it("leaves all others as they are", async () => {
      const other = await bed.store.createOrg("other", "e");
      const kept = await fillOrg(bed.store, other.id, 30);
      await settle();
      const shown = async () => ({
        events: await bed.events({ resourceOwner: other.id }),
        users: await bed.store.listUsers(other.id, {}, firstPage),
        locked: await bed.store.listLocked(
          ...([{ orgId: other.id }, {}, firstPage] as const),
        ),
        names: await bed.store.countLockedNames({ orgId: other.id }, {}),
        token: await bed.store.findToken(hashOf(30)),
        account: await bed.store.findAccount(kept.account.id),
        hook: await bed.store.findHook(kept.hook.id),
        policy: await bed.store.viewPolicy({ kind: "org", orgId: other.id }),
        activity: await bed.store.listActivity({
          ...{ interval: "minute", orgId: other.id },
          ...{ since: 0, until: bed.time + 60_000 },
        }),
      });
      const before = await shown();
      await bed.store.removeOrg(orgId, "e");
      await settle();
      expect(await shown()).toEqual(before);
    });

    it("may be removed by two at once, of whom one does", async () => {
      const tool = await bed.open("tool");
      const removed = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          (index % 2 === 0 ? bed.store : tool).removeOrg(orgId, `${index}`),
        ),
      );
      expect(removed.filter((event) => event !== undefined)).toHaveLength(1);
    });

    it("has nothing behind its removal, whatever races with it", async () => {
      const tool = await bed.open("tool");
      const stores = [bed.store, tool];
      let refusals = 0;
      const calls: Promise<unknown>[] = [];
      const call = (...made: readonly Promise<unknown>[]) => {
        calls.push(
          ...made.map((one) =>
            one.catch((error: unknown) => {
              expect(error).toMatchObject(refused);
              refusals += 1;
            }),
          ),
        );
      };
      for (let number = 0; number < 60; number += 1) {
        const store = stores[number % 2] ?? bed.store;
        const key = { orgId, userId: `racing-${number}` };
        const name = `racing-${number}`;
        call(
          store.putUser(key, [{ name, folded: name }], "e", putUser("active")),
          begin(store, userSubject({ orgId, userId: `begun-${number}` })),
          fail(store, userSubject({ orgId, userId: "user-1" })),
        );
        if (number % 10 === 0) {
          call(
            store.createToken(newToken(100 + number, orgId), "e"),
            store.createAccount(
              { orgId, loginName: name, name: "", roles: [] },
              "e",
            ),
            store.createHook(hookOf(orgId), "e"),
          );
        }
        if (number === 30) {
          calls.push(store.removeOrg(orgId, "e"));
        }
        await new Promise(setImmediate);
      }
      await Promise.all(calls);
      expect(refusals).toBeGreaterThan(0);
      expect(await bed.store.orgExists(orgId)).toBe(false);
      const events = await eventsOfOrg();
      expect(events.at(-1)?.type).toBe("org.removed");
      await settle();
      expect(await eventsOfOrg()).toEqual(events);
      expect(await bed.store.findOrgsOfUser("racing-1", 9)).toEqual([]);
    });
  });
}
