import { firstPage } from "../../support/first-page.ts";
import { describe, expect, it, beforeEach } from "vitest";
import { StoreUnavailableError } from "../../../src/store/store.ts";
import type { ListedToken, TokenRecord } from "../../../src/store/access.ts";
import { everyItem } from "../../../src/store/pages.ts";
import { removeAccount } from "../../../src/lockout/account/account.ts";
import type { Account } from "../../../src/lockout/account/account-record.ts";
import type { StoreBed } from "./bed.ts";
import { start, hashOf, newToken } from "./samples.ts";

export function describeTokens(bed: StoreBed): void {
  describe("tokens", () => {
    let orgId: string;

    beforeEach(async () => {
      ({ id: orgId } = await bed.store.createOrg("a", "e"));
    });

    it("are found by the hash of their secret alone", async () => {
      const token = await bed.store.createToken(newToken(5, orgId), "e");

      expect(token).toEqual({
        id: expect.stringMatching(/^\d{18}$/) as string,
        name: "token 5",
        orgId,
        roles: ["ORG_OWNER", "IAM_LOGIN_CLIENT"],
        creationDate: start,
        expirationDate: undefined,
        lastUseDate: undefined,
      });
      expect(await bed.store.findToken(hashOf(5))).toEqual(token);
      expect(await bed.store.findToken(hashOf(6))).toBeUndefined();
      expect(await bed.store.findToken(new Uint8Array(0))).toBeUndefined();
    });

    it("keep their expiry, and are found after it", async () => {
      await bed.store.createToken(
        { ...newToken(5, orgId), roles: [], expirationDate: start + 7 },
        "e",
      );
      bed.time += 1_000_000;
      expect(await bed.store.findToken(hashOf(5))).toMatchObject({
        roles: [],
        expirationDate: start + 7,
      });
    });

    it("are listed oldest first, and gone when they are revoked", async () => {
      const first = await bed.store.createToken(newToken(5, orgId), "e");
      bed.time += 1;
      const last = await bed.store.createToken(newToken(4, orgId), "e");
      expect((await bed.store.listTokens(false, firstPage)).items).toEqual([
        listed(first),
        listed(last),
      ]);

      bed.time += 5;
      await bed.store.noteTokenUse(first.id, start);
      expect(await bed.store.revokeToken(first.id, "e")).toMatchObject({
        type: "user.pat.removed",
      });
      expect(await bed.store.revokeToken(first.id, "e")).toBeUndefined();
      expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
      expect((await bed.store.listTokens(false, firstPage)).items).toEqual([
        listed(last),
      ]);
      for (const size of [1, 2]) {
        const pages = [];
        for await (const token of everyItem((page) =>
          bed.store.listTokens(true, { ...page, size }),
        )) {
          pages.push(token);
        }
        expect(pages).toEqual([
          { ...listed(first), lastUseDate: start, revokeDate: bed.time },
          listed(last),
        ]);
      }
    });

    it("have a name, also when they are revoked", async () => {
      const token = await bed.store.createToken(newToken(5, orgId), "e");
      expect(await bed.store.tokenName(token.id)).toBe(token.name);
      await bed.store.revokeToken(token.id, "e");
      expect(await bed.store.tokenName(token.id)).toBe(token.name);
      expect(await bed.store.tokenName("e")).toBeUndefined();
    });

    it("that another process creates or revokes are seen at once", async () => {
      const tool = await bed.open("tool");
      const token = await tool.createToken(newToken(5, orgId), "e");
      expect(await bed.store.findToken(hashOf(5))).toEqual(token);
      await tool.revokeToken(token.id, "e");
      expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
    });

    describe("of a service account", () => {
      const create = async (accountId: string, tool = bed.store, byte = 5) =>
        tool.createAccountToken(
          accountId,
          { hash: hashOf(byte), expirationDate: start + 7 },
          "e",
          () => undefined,
        );
      let account: Account;

      beforeEach(async () => {
        ({ result: account } = await bed.store.createAccount(
          { orgId, loginName: "a", name: "", roles: ["ORG_OWNER"] },
          "e",
        ));
      });

      it("have its name, are among what it has, and are listed with its roles", async () => {
        const created = await create(account.id, await bed.open("tool"));
        const token = created?.result;
        expect(token).toMatchObject({
          ...{ name: "a", orgId, roles: [], accountId: account.id },
          expirationDate: start + 7,
        });
        expect(await bed.store.findToken(hashOf(5))).toEqual(token);
        expect(await bed.store.listAccountTokens(account.id)).toEqual([token]);
        expect(await bed.store.findAccount(account.id)).toMatchObject({
          tokenIds: [token?.id],
        });
        expect(
          (await bed.store.listTokens(false, firstPage)).items,
        ).toMatchObject([{ id: token?.id, roles: ["ORG_OWNER"] }]);
        await bed.store.revokeToken(token?.id ?? "", "e");
        expect(await bed.store.listAccountTokens(account.id)).toEqual([]);
        expect(
          (await bed.events({ aggregateId: account.id })).map(
            ({ type, payload }) => [type, payload],
          ),
        ).toEqual([
          ["user.machine.added", expect.anything()],
          [
            "user.pat.added",
            {
              ...{ tokenId: token?.id, name: "a" },
              expiration: new Date(start + 7).toISOString(),
            },
          ],
          ["user.pat.removed", { tokenId: token?.id }],
        ]);
      });

      it("end with it, and stay among those that were revoked", async () => {
        const token = (await create(account.id))?.result;
        await bed.store.changeAccount(account.id, "e", removeAccount);
        expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
        expect(
          (await bed.store.listTokens(true, firstPage)).items,
        ).toMatchObject([
          { id: token?.id, accountId: account.id, revokeDate: bed.time },
        ]);
        expect(await create(account.id)).toBeUndefined();
      });

      it("return the events that each change wrote, though many come together", async () => {
        const tool = await bed.open("tool");
        const stores = [bed.store, tool, bed.store, tool];
        const created = await Promise.all(
          stores.map((store, index) => create(account.id, store, 10 + index)),
        );
        const removed = await Promise.all(
          stores.map((store, index) =>
            store.revokeToken(created[index]?.result.id ?? "", "e"),
          ),
        );
        const [, ...written] = await bed.events({ aggregateId: account.id });
        for (const [index, token] of created.entries()) {
          const tokenId = token?.result.id;
          const own = written.filter(
            ({ payload }) => payload?.["tokenId"] === tokenId,
          );
          expect([...(token?.events ?? []), removed[index]]).toEqual(own);
        }
        expect(await bed.store.revokeToken(account.id, "e")).toBeUndefined();
      });

      it("are not created where the check refuses", async () => {
        const refusal = new Error("no");
        await expect(
          bed.store.createAccountToken(
            ...([account.id, newToken(5, orgId), "e"] as const),
            ({ tokenIds }) => {
              expect(tokenIds).toEqual([]);
              throw refusal;
            },
          ),
        ).rejects.toBe(refusal);
        expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
      });
    });

    it("have a secret of their own", async () => {
      const token = await bed.store.createToken(newToken(5, orgId), "e");
      await expect(
        bed.store.createToken(newToken(5, orgId), "e"),
      ).rejects.not.toBeInstanceOf(StoreUnavailableError);
      expect((await bed.store.listTokens(false, firstPage)).items).toEqual([
        listed(token),
      ]);
    });

    it("remember the hour of the last use, and nothing earlier", async () => {
      const { id } = await bed.store.createToken(newToken(5, orgId), "e");
      const tool = await bed.open("tool");
      const lastUse = async () =>
        (await bed.store.findToken(hashOf(5)))?.lastUseDate;
      expect(await lastUse()).toBeUndefined();
      await bed.store.noteTokenUse(id, start + 1000);
      expect(await lastUse()).toBe(start + 1000);
      await tool.noteTokenUse(id, start + 2000);
      await bed.store.noteTokenUse(id, start);
      expect(await lastUse()).toBe(start + 2000);
      await bed.store.noteTokenUse("300000000000000009", start);
      expect(await bed.events({ aggregateId: id })).toHaveLength(1);
    });

    describe("that are rotated", () => {
      const rotate = (
        id: string,
        seed: number,
        oldExpirationDate: number,
        check: () => void = () => undefined,
      ) =>
        bed.store.rotateToken(
          id,
          { hash: hashOf(seed), oldExpirationDate },
          "admin",
          check,
        );

      it("keep their id, and both secrets lead to it, the old one until its end", async () => {
        const token = await bed.store.createToken(newToken(5, orgId), "e");
        const end = start + 1000;
        const rotated = { ...listed(token), oldSecretExpirationDate: end };
        expect(await rotate(token.id, 6, end)).toEqual(rotated);
        expect(await bed.store.findToken(hashOf(6))).toEqual(token);
        expect(await bed.store.findToken(hashOf(5))).toEqual({
          ...token,
          expirationDate: end,
        });
        expect((await bed.store.listTokens(false, firstPage)).items).toEqual([
          rotated,
        ]);
        expect(await bed.events({ aggregateId: token.id })).toMatchObject([
          { sequence: 1 },
          {
            sequence: 2,
            type: "user.lockout.token.rotated",
            editor: "admin",
            payload: {
              tokenId: token.id,
              oldSecretExpiration: new Date(end).toISOString(),
            },
          },
        ]);
      });

      it("forget the secret before the last one, and are seen by other processes at once", async () => {
        const tool = await bed.open("tool");
        const { id } = await bed.store.createToken(newToken(5, orgId), "e");
        await rotate(id, 6, start + 1000);
        expect(await tool.findToken(hashOf(5))).toBeDefined();
        await rotate(id, 7, start + 1000);
        expect(await tool.findToken(hashOf(5))).toBeUndefined();
        expect(await tool.findToken(hashOf(6))).toMatchObject({ id });
        await tool.revokeToken(id, "e");
        for (const seed of [5, 6, 7]) {
          expect(await bed.store.findToken(hashOf(seed))).toBeUndefined();
        }
      });

      it("end no later than the token", async () => {
        const token = await bed.store.createToken(
          { ...newToken(5, orgId), expirationDate: start + 10 },
          "e",
        );
        await rotate(token.id, 6, start + 1000);
        expect(await bed.store.findToken(hashOf(5))).toEqual(token);
      });

      it("are left as they are where they are unknown, or the check throws", async () => {
        const token = await bed.store.createToken(newToken(5, orgId), "e");
        const refusal = new Error("no");
        await expect(
          rotate(token.id, 6, start, () => {
            throw refusal;
          }),
        ).rejects.toBe(refusal);
        expect(await rotate("300000000000000009", 6, start)).toBeUndefined();
        expect(await bed.store.findToken(hashOf(5))).toEqual(token);
        expect(await bed.store.findToken(hashOf(6))).toBeUndefined();
        expect(await bed.events({ aggregateId: token.id })).toHaveLength(1);
      });
    });
  });
}

/** A token in the list, as it was created in the organisation `a`. */
function listed(token: TokenRecord): ListedToken {
  return {
    ...token,
    orgName: "a",
    oldSecretExpirationDate: undefined,
    revokeDate: undefined,
  };
}
