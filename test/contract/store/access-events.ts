import { describe, expect, it } from "vitest";
import { createIds } from "../../../src/store/ids.ts";
import { removeAccount } from "../../../src/lockout/account/account.ts";
import { putUser } from "../../../src/lockout/user/user.ts";
import type { UserKey } from "../../../src/store/users.ts";
import type { StoreBed } from "./bed.ts";
import { countUp, hashOf, newToken, start } from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describeAccessEvents(bed: StoreBed): void {
  describe("the record of organisations and tokens", () => {
    it("has an event of an organisation, on its own aggregate", async () => {
      const { id } = await bed.store.createOrg("zwölf 😀", "ann");
      expect(await bed.events()).toEqual([
        {
          position: expect.any(Number) as number,
          ...{ aggregateType: "org", aggregateId: id, resourceOwner: id },
          ...{ sequence: 1, type: "org.added", editor: "ann" },
          creationMicros: start * 1000,
          payload: { name: "zwölf 😀" },
        },
      ]);
      const owner = { kind: "org", orgId: id } as const;
      const changed = await changePolicy(bed.store, owner, "e", countUp([]));
      expect(changed.sequence).toBe(2);
    });

    it("has events of a token from its beginning to its end, without the secret", async () => {
      const { id: orgId } = await bed.store.createOrg("a", "e");
      const expirationDate = Date.UTC(2030, 0, 31);
      const { id } = await bed.store.createToken(
        { ...newToken(5, orgId), expirationDate },
        "ann",
      );
      bed.time += 7;
      await bed.store.revokeToken(id, "bob");
      await bed.store.revokeToken(id, "bob");
      await bed.store.revokeToken("300000000000000009", "bob");

      const events = await bed.events({ aggregateId: id });
      const common = {
        position: expect.any(Number) as number,
        ...{ aggregateType: "user", aggregateId: id, resourceOwner: orgId },
      };
      expect(events).toEqual([
        {
          ...common,
          ...{ sequence: 1, type: "user.pat.added", editor: "ann" },
          // The organisation was created in the same millisecond.
          creationMicros: start * 1000 + 1,
          payload: {
            ...{ tokenId: id, name: "token 5" },
            roles: ["ORG_OWNER", "IAM_LOGIN_CLIENT"],
            expiration: "2030-01-31T00:00:00.000Z",
          },
        },
        {
          ...common,
          ...{ sequence: 2, type: "user.pat.removed", editor: "bob" },
          creationMicros: (start + 7) * 1000,
          payload: { tokenId: id },
        },
      ]);
      expect(await bed.events()).toHaveLength(3);
      const secret = Buffer.from(hashOf(5));
      for (const form of ["hex", "base64"] as const) {
        expect(JSON.stringify(events)).not.toContain(secret.toString(form));
      }
    });

    it("leaves out what a token has not", async () => {
      const { id: orgId } = await bed.store.createOrg("a", "e");
      const token = { ...newToken(5, orgId), name: "", roles: [] };
      const { id } = await bed.store.createToken(token, "e");
      const [event] = await bed.events({ aggregateId: id });
      expect(event?.payload).toEqual({ tokenId: id, roles: [] });
    });

    it("has nothing of a token whose secret another one has", async () => {
      const { id: orgId } = await bed.store.createOrg("a", "e");
      await bed.store.createToken(newToken(5, orgId), "e");
      const before = await bed.events();
      await expect(
        bed.store.createToken(newToken(5, orgId), "e"),
      ).rejects.toThrow();
      expect(await bed.events()).toEqual(before);
    });

    it("counts on where a user has the id of a token", async () => {
      const { id: orgId } = await bed.store.createOrg("a", "e");
      const { id: userId } = await bed.store.createToken(
        newToken(5, orgId),
        "e",
      );
      const key: UserKey = { orgId, userId };
      const put = (state: "active" | "inactive") =>
        bed.store.putUser(key, [], "e", putUser(state));
      await put("active");
      await bed.store.revokeToken(userId, "e");
      await put("inactive");
      await bed.store.deleteUser(key, "e");
      await put("active");
      const events = await bed.events({ aggregateId: userId });
      expect(events.map(({ sequence, type }) => [sequence, type])).toEqual([
        [1, "user.pat.added"],
        [2, "user.human.added"],
        [3, "user.pat.removed"],
        [4, "user.deactivated"],
        [5, "user.removed"],
        [6, "user.human.added"],
      ]);
    });

    it("gives no id again that a token or an account had before", async () => {
      const fresh = createIds(bed.now, 9);
      let forced: string | undefined;
      const tool = await bed.open("tool", () => {
        const id = forced ?? fresh();
        forced = undefined;
        return id;
      });
      const { id: orgId } = await tool.createOrg("a", "e");
      const account = { orgId, loginName: "a", name: "", roles: [] };
      const token = await tool.createToken(newToken(5, orgId), "e");
      await tool.revokeToken(token.id, "e");
      forced = token.id;
      const next = await tool.createToken(newToken(5, orgId), "e");
      expect(next.id).not.toBe(token.id);
      expect(await tool.revokeToken(next.id, "e")).toBeDefined();

      const { result: first } = await tool.createAccount(account, "e");
      await tool.changeAccount(first.id, "e", removeAccount);
      forced = first.id;
      const { result: second } = await tool.createAccount(account, "e");
      expect(second.id).not.toBe(first.id);
      const removed = await tool.changeAccount(second.id, "e", removeAccount);
      expect(removed?.events).toHaveLength(1);
    });

    it("has each change once, though two processes make them at once, with the same ids", async () => {
      const tool = await bed.open("tool", createIds(bed.now));
      const { id: orgId } = await bed.store.createOrg("a", "e");
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const store = index % 2 === 0 ? bed.store : tool;
          await store.createOrg(`org ${index}`, "e");
          const { id } = await store.createToken(
            newToken(10 + index, orgId),
            "e",
          );
          const userId = `user ${index}`;
          await store.putUser({ orgId, userId }, [], "e", putUser("active"));
          const revoked = await Promise.all(
            [bed.store, tool].map((each) => each.revokeToken(id, "e")),
          );
          expect(revoked.filter(Boolean)).toHaveLength(1);
        }),
      );
      const count = async (type: string) =>
        (await bed.events({ types: [type] })).length;
      expect(await count("org.added")).toBe(21);
      expect(await count("user.pat.added")).toBe(20);
      expect(await count("user.pat.removed")).toBe(20);
      expect(await count("user.human.added")).toBe(20);
      const positions = (await bed.events()).map(({ position }) => position);
      expect(positions).toEqual(
        positions.map((_, index) => (positions[0] ?? 0) + index),
      );
    });
  });
}
