import { describe, expect, it, beforeEach } from "vitest";
import { StoreUnavailableError } from "../../../src/store/store.ts";
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
      expect(await bed.store.listTokens()).toEqual([first, last]);

      expect(await bed.store.revokeToken(first.id, "e")).toBe(true);
      expect(await bed.store.revokeToken(first.id, "e")).toBe(false);
      expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
      expect(await bed.store.listTokens()).toEqual([last]);
    });

    it("that another process creates or revokes are seen at once", async () => {
      const tool = await bed.open("tool");
      const token = await tool.createToken(newToken(5, orgId), "e");
      expect(await bed.store.findToken(hashOf(5))).toEqual(token);
      await tool.revokeToken(token.id, "e");
      expect(await bed.store.findToken(hashOf(5))).toBeUndefined();
    });

    it("have a secret of their own", async () => {
      const token = await bed.store.createToken(newToken(5, orgId), "e");
      await expect(
        bed.store.createToken(newToken(5, orgId), "e"),
      ).rejects.not.toBeInstanceOf(StoreUnavailableError);
      expect(await bed.store.listTokens()).toEqual([token]);
    });
  });
}
