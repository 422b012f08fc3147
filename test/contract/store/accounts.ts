import { describe, expect, it } from "vitest";
import {
  addAccountKey,
  changeLoginName,
  describeAccount,
  removeAccount,
  setAccountSecret,
  updateAccount,
} from "../../../src/lockout/account/account.ts";
import type { AccountKey } from "../../../src/lockout/account/account-record.ts";
import { mayBeAccountId } from "../../../src/store/accounts.ts";
import { firstPage } from "../../support/first-page.ts";
import type { StoreBed } from "./bed.ts";
import { hashOf, init } from "./samples.ts";

export function describeAccounts(bed: StoreBed): void {
  describe("service accounts", () => {
    const create = async (loginName: string) => {
      const { firstOrgId: orgId } = await bed.store.initialise(init);
      const roles = ["ORG_OWNER"];
      const { result } = await bed.store.createAccount(
        { orgId, loginName, name: "", roles },
        "e",
      );
      return result;
    };
    const key = (id: string): AccountKey => ({
      ...{ id, algorithm: "Ed25519", publicKey: Uint8Array.of(1, 2) },
      ...{ creationDate: bed.time, expirationDate: undefined },
    });

    it("have ids that tell that they may be accounts", async () => {
      const { id } = await create("a");
      expect(mayBeAccountId(id)).toBe(true);
      expect(await bed.store.findAccount(id)).toMatchObject({
        ...{ id, loginName: "a", roles: ["ORG_OWNER"], keyIds: [] },
      });
      expect(await bed.store.findAccount("no")).toBeUndefined();
    });

    it("are found by folded names, and no two have one; the same of two that race", async () => {
      const { id } = await create("Login-Page");
      expect(await bed.store.findAccountByName("login-page")).toMatchObject({
        id,
      });
      expect(await bed.store.findClient("login-page")).toEqual({
        ...{ accountId: id, secretHash: Buffer.alloc(32) },
      });
      expect(await bed.store.findClient("nobody")).toBeUndefined();
      await expect(create("LOGIN-page")).rejects.toMatchObject({
        entry: { id: "LOCKOUTD-acc03" },
      });
      const raced = await Promise.allSettled([create("b"), create("b")]);
      expect(raced.map(({ status }) => status).sort()).toEqual([
        "fulfilled",
        "rejected",
      ]);
    });

    it("change with their events, which another process sees at once", async () => {
      const tool = await bed.open("tool");
      const { id, orgId } = await create("a");
      expect(await bed.store.findAccount(id)).toBeDefined();
      await tool.changeAccount(id, "e", addAccountKey(key("2")));
      await tool.changeAccount(id, "e", addAccountKey(key("1")));
      await tool.changeAccount(
        id,
        "e",
        setAccountSecret({ id: "s", hash: hashOf(9) }),
      );
      await tool.changeAccount(id, "e", updateAccount("name", ["IAM_OWNER"]));
      await tool.changeAccount(id, "e", updateAccount("name", undefined));

      expect(await bed.store.findAccount(id)).toMatchObject({
        ...{ name: "name", roles: ["IAM_OWNER"], keyIds: ["1", "2"] },
        secret: { id: "s" },
      });
      expect(
        (await bed.store.listAccountKeys(id)).map((each) => each.id),
      ).toEqual(["1", "2"]);
      expect(await bed.store.findAccountKey(id, "1")).toMatchObject({
        algorithm: "Ed25519",
      });
      const { first, last } = await bed.store.findAccountEvents({ id, orgId });
      expect([first?.type, last?.type, last?.sequence]).toEqual([
        ...["user.machine.added", "user.machine.changed", 5],
      ]);
    });

    it("get other login names, by which alone they are found, and so do their tokens", async () => {
      const tool = await bed.open("tool");
      const { id } = await create("a");
      const { id: otherId } = await create("b");
      const hash = hashOf(9);
      await bed.store.changeAccount(
        ...([id, "e", setAccountSecret({ id: "s", hash })] as const),
      );
      const token = { hash: hashOf(8), expirationDate: undefined };
      await bed.store.createAccountToken(id, token, "e", () => undefined);
      expect(await bed.store.findToken(hashOf(8))).toMatchObject({ name: "a" });
      const changed = await tool.changeAccount(id, "e", changeLoginName("New"));
      expect(changed).toMatchObject({
        result: { id, loginName: "New", secret: { id: "s" } },
        events: [
          {
            ...{ type: "user.username.changed", aggregateId: id },
            payload: { userName: "New" },
          },
        ],
      });
      expect(await bed.store.findClient("a")).toBeUndefined();
      expect(await bed.store.findAccountByName("a")).toBeUndefined();
      expect(await bed.store.findClient("new")).toEqual({
        ...{ accountId: id, secretHash: Buffer.from(hash) },
      });
      expect(await bed.store.findAccount(id)).toMatchObject({
        loginName: "New",
      });
      expect(await bed.store.findToken(hashOf(8))).toMatchObject({
        name: "New",
      });
      expect(await bed.store.tokenName(id)).toBe("New");
      await bed.store.changeAccount(id, "e", changeLoginName("NEW"));

      await expect(
        bed.store.changeAccount(otherId, "e", changeLoginName("new")),
      ).rejects.toMatchObject({ entry: { id: "LOCKOUTD-acc03" } });
      expect(await bed.store.findAccount(otherId)).toMatchObject({
        loginName: "b",
      });
      const raced = await Promise.allSettled(
        [id, otherId].map((each) =>
          bed.store.changeAccount(each, "e", changeLoginName("raced")),
        ),
      );
      expect(raced.map(({ status }) => status).sort()).toEqual([
        ...["fulfilled", "rejected"],
      ]);
    });

    it("are gone with their keys, and their names stay for the events", async () => {
      const { id } = await create("a");
      await bed.store.changeAccount(id, "e", addAccountKey(key("1")));
      await bed.store.changeAccount(id, "e", removeAccount);

      expect(await bed.store.findAccount(id)).toBeUndefined();
      expect(await bed.store.findAccountKey(id, "1")).toBeUndefined();
      expect(
        await bed.store.changeAccount(id, "e", removeAccount),
      ).toBeUndefined();
      expect(await bed.store.tokenName(id)).toBe("a");
      expect((await create("a")).id).not.toBe(id);
    });

    it("have a description that another one may replace", async () => {
      const { firstOrgId: orgId } = await bed.store.initialise(init);
      const account = { orgId, loginName: "b", name: "n", roles: [] };
      const { result, events } = await bed.store.createAccount(
        { ...account, description: "of the help desk" },
        "e",
      );
      expect(events).toMatchObject([
        { payload: { description: "of the help desk" } },
      ]);
      const { id } = result;
      expect(await bed.store.findAccount(id)).toEqual(result);
      expect(result.description).toBe("of the help desk");
      const changed = await bed.store.changeAccount(
        ...([id, "e", describeAccount("n", "")] as const),
      );
      expect(changed?.result).toMatchObject({ name: "n", description: "" });
      expect(changed?.events).toMatchObject([{ payload: { description: "" } }]);
      expect((await create("c")).description).toBe("");
    });

    it("return the events that each change wrote, though many come together", async () => {
      const { firstOrgId: orgId } = await bed.store.initialise(init);
      const { id } = await create("a");
      const tool = await bed.open("tool");
      const changes = await Promise.all(
        [...Array(4).keys()].flatMap((index) =>
          [bed.store, tool].map((store, side) => {
            const account = { orgId, loginName: `b${index}${side}`, name: "" };
            return Promise.all([
              store.changeAccount(
                id,
                "e",
                addAccountKey(key(`${index}${side}`)),
              ),
              store.createAccount({ ...account, roles: [] }, "e"),
            ]);
          }),
        ),
      );
      const events = changes.flat().flatMap((changed) => changed?.events ?? []);
      expect(events).toHaveLength(16);
      for (const [changed, created] of changes) {
        expect(changed?.events).toMatchObject([
          { aggregateId: id, type: "user.machine.key.added" },
        ]);
        expect(created.events).toMatchObject([
          { aggregateId: created.result.id, type: "user.machine.added" },
        ]);
      }
      const written = await bed.events({ aggregateTypes: ["user"] });
      const behindFirst = written
        .filter(({ editor }) => editor === "e")
        .slice(1);
      expect(events.toSorted((a, b) => a.position - b.position)).toEqual(
        behindFirst,
      );
    });

    it("come in pages, of an organisation or of all", async () => {
      await create("a");
      const other = await bed.store.createOrg("other", "e");
      await bed.store.createAccount(
        { orgId: other.id, loginName: "b", name: "", roles: [] },
        "e",
      );
      const names = async (orgId: string | undefined) =>
        (await bed.store.listAccounts(orgId, firstPage)).items.map(
          ({ loginName }) => loginName,
        );
      expect(await names(undefined)).toEqual(["a", "b"]);
      expect(await names(other.id)).toEqual(["b"]);
    });
  });
}
