import { firstPage } from "../../support/first-page.ts";
import { describe, expect, it } from "vitest";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { StoreUnavailableError } from "../../../src/store/store.ts";
import { recordPasswordChange } from "../../../src/lockout/user/password-change.ts";
import { alice, aliceKey, attemptCalls } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { userSubject } from "../../../src/store/users.ts";
import {
  start,
  instanceOwner,
  orgA,
  allEvents,
  init,
  limits,
  hashOf,
  newToken,
  countUp,
} from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describeLifetime(bed: StoreBed): void {
  const { begin, complete, report } = attemptCalls(bed);

  describe("the store", () => {
    it("has everything after it was closed and opened again", async () => {
      await bed.store.initialise(init);
      const org = await bed.store.createOrg("second", "e");
      await bed.store.createToken(
        { ...newToken(5, org.id), expirationDate: start + 99 },
        "e",
      );
      await changePolicy(
        bed.store,
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(1, 2)),
      );
      const look = async () => ({
        instance: await bed.store.findInstance(),
        orgs: (await bed.store.listOrgs(firstPage)).items,
        tokens: (await bed.store.listTokens(false, firstPage)).items,
        token: await bed.store.findToken(hashOf(5)),
        policies: [
          await bed.store.findPolicy(instanceOwner),
          await bed.store.findPolicy(orgA),
        ],
        events: await bed.events(),
      });
      const before = await look();
      expect(before.events).toHaveLength(7);

      await bed.reopen();

      expect(await look()).toEqual(before);
      const next = await changePolicy(bed.store, orgA, "e", countUp([]));
      expect(next.sequence).toBe(2);
      expect(next.position).toBeGreaterThan(
        before.events.at(-1)?.position ?? Infinity,
      );
    });

    it("finishes what runs before it closes", async () => {
      const commands = Array.from({ length: 600 }, async () =>
        changePolicy(bed.store, orgA, "e", countUp([])),
      );
      await Promise.all([bed.store.close(), bed.store.close()]);
      expect((await Promise.all(commands)).at(-1)?.sequence).toBe(600);

      await bed.reopen();
      expect(await bed.store.findPolicy(orgA)).toMatchObject({ sequence: 600 });
    });

    it("cannot be used once it is closed", async () => {
      await bed.store.close();
      const uses = [
        () => bed.store.ping(),
        () => bed.store.findInstance(),
        () => bed.store.initialise(init),
        () => bed.store.findPolicy(orgA),
        () => changePolicy(bed.store, orgA, "e", countUp([])),
        () => bed.store.listEvents(allEvents),
        () => bed.store.lastPosition(),
        async () => bed.store.onAppended(() => undefined),
        () => bed.store.findUser(aliceKey),
        () => bed.store.findLockout(userSubject(aliceKey)),
        () => bed.store.unlock(alice, "e", recordPasswordChange),
        () => bed.store.countLockedNames({ orgId: "o" }, {}),
        () => bed.store.countLocked({ orgId: "o" }, {}),
        () => bed.store.findOrgsOfUser("u", 2),
        () => bed.store.listUsers("o", {}, firstPage),
        () => bed.store.listLocked({ orgId: "o" }, {}, firstPage),
        () => bed.store.changeUser(aliceKey, "e", recordPasswordChange),
        () => bed.store.putUser(aliceKey, [], "e", recordPasswordChange),
        () => bed.store.deleteUser(aliceKey, "e"),
        () => begin(alice),
        () => complete("a", "failed"),
        () => report(alice, "failed"),
        () => bed.store.settleAttempts(1),
        () => bed.store.createOrg("a", "e"),
        () => bed.store.listOrgs(firstPage),
        () => bed.store.orgExists("a"),
        () => bed.store.createToken(newToken(1, "a"), "e"),
        () => bed.store.findToken(hashOf(1)),
        () => bed.store.listTokens(false, firstPage),
        () => bed.store.revokeToken("a", "e"),
        () => bed.store.findOrg("300000000000000001"),
        () => bed.store.noteTokenUse("a", 1),
        () =>
          bed.store.rotateToken(
            "a",
            { hash: hashOf(2), oldExpirationDate: 1 },
            "e",
            () => undefined,
          ),
      ];
      for (const use of uses) {
        await expect(use()).rejects.toBeInstanceOf(StoreUnavailableError);
      }
    });

    it("answers a ping while it can be used", async () => {
      await expect(bed.store.ping()).resolves.toBeUndefined();
    });
  });
}
