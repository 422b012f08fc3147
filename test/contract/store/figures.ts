import { beforeEach, describe, expect, it } from "vitest";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import { unlockUser } from "../../../src/lockout/user/unlock.ts";
import { foldName } from "../../../src/lockout/user/alias.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { attemptCalls } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { newToken, orgA, orgB, start } from "./samples.ts";

const api = { version: "v1", authorise: () => undefined } as const;
const dayMs = 86_400_000;

export function describeFigures(bed: StoreBed): void {
  const { report, setLimits } = attemptCalls(bed);
  const keyOf = (userId: string, orgId: string = orgA.orgId) => ({
    orgId,
    userId,
  });
  const put = (userId: string, orgId: string = orgA.orgId) =>
    bed.store.putUser(keyOf(userId, orgId), [], "admin", putUser(undefined));
  const lock = (userId: string, orgId: string = orgA.orgId) =>
    bed.store.changeUser(keyOf(userId, orgId), "admin", lockUser(api));
  const locked = async (perOrg = false) => {
    const { lockedUsers } = await bed.store.figures(perOrg);
    return [...lockedUsers].sort((a, b) =>
      `${a.orgId ?? ""}${a.reason}` < `${b.orgId ?? ""}${b.reason}` ? -1 : 1,
    );
  };

  describe("the numbers of the installation", () => {
    beforeEach(() => setLimits(2));

    it("are those of users who are locked, for each reason", async () => {
      expect(await locked()).toEqual([]);
      for (const userId of ["a", "b", "c"]) {
        await put(userId);
      }
      await lock("a");
      for (const factor of ["password", "totp"] as const) {
        const user = userSubject(keyOf(factor === "totp" ? "b" : "c"));
        await report(user, "failed", factor);
        await report(user, "failed", factor);
      }
      expect(await locked()).toEqual([
        { orgId: undefined, reason: "administrator", count: 1 },
        { orgId: undefined, reason: "otp_attempts", count: 1 },
        { orgId: undefined, reason: "password_attempts", count: 1 },
      ]);
      await bed.store.changeUser(keyOf("a"), "admin", unlockUser(api));
      await bed.store.deleteUser(keyOf("b"), "admin");
      expect(await locked()).toEqual([
        { orgId: undefined, reason: "password_attempts", count: 1 },
      ]);
    });

    it("are those of each organisation where that is asked for", async () => {
      for (const orgId of [orgA.orgId, orgB.orgId]) {
        await put("a", orgId);
        await lock("a", orgId);
      }
      await put("b");
      await lock("b");
      expect(await locked(true)).toEqual([
        { orgId: orgA.orgId, reason: "administrator", count: 2 },
        { orgId: orgB.orgId, reason: "administrator", count: 1 },
      ]);
    });

    it("have no login names that lead to nobody, until they lead to a user", async () => {
      const name: Subject = {
        kind: "name",
        orgId: orgA.orgId,
        foldedName: foldName("Al"),
      };
      await report(name, "failed");
      await report(name, "failed");
      expect(await locked()).toEqual([]);
      const alias = { name: "Al", folded: foldName("Al") };
      await bed.store.putUser(keyOf("a"), [alias], "x", putUser(undefined));
      expect(await locked()).toEqual([
        { orgId: undefined, reason: "password_attempts", count: 1 },
      ]);
    });

    it("are those of tokens that expire within a day, a week and thirty days", async () => {
      const expiring = async () =>
        (await bed.store.figures(false)).tokensExpiring;
      expect(await expiring()).toEqual({ "1d": 0, "7d": 0, "30d": 0 });
      const { id: orgId } = await bed.store.createOrg("org", "x");
      const days = [undefined, 0.5, 6, 20, 40];
      for (const [seed, day] of days.entries()) {
        await bed.store.createToken(
          {
            ...newToken(seed + 50, orgId),
            expirationDate: day === undefined ? undefined : start + day * dayMs,
          },
          "x",
        );
      }
      expect(await expiring()).toEqual({ "1d": 1, "7d": 2, "30d": 3 });
      bed.time += dayMs;
      expect(await expiring()).toEqual({ "1d": 0, "7d": 1, "30d": 2 });
    });

    it("say how many commands wait", async () => {
      expect(bed.store.waitingCommands()).toBe(0);
      const writes = [put("a"), put("b")];
      expect(bed.store.waitingCommands()).toBe(2);
      await Promise.all(writes);
      expect(bed.store.waitingCommands()).toBe(0);
    });
  });
}
