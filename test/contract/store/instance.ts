import { firstPage } from "../../support/first-page.ts";
import { describe, expect, it } from "vitest";
import { updateDefaultPolicy } from "../../../src/lockout/policy/policy.ts";
import type { StoreBed } from "./bed.ts";
import { start, instanceOwner, init, limits, hashOf } from "./samples.ts";

export function describeInstance(bed: StoreBed): void {
  describe("an instance", () => {
    it("is not there before it is created, and neither is its policy", async () => {
      expect(await bed.store.findInstance()).toBeUndefined();
      expect(await bed.store.findPolicy(instanceOwner)).toBeUndefined();
      await expect(
        bed.store.changePolicy(
          instanceOwner,
          "e",
          updateDefaultPolicy(limits(1, 1)),
        ),
      ).rejects.toMatchObject({ entry: { id: "INSTANCE-0oPew" } });
      expect(await bed.events()).toEqual([]);
    });

    it("is created with its first organisation, its policy, its event and its token", async () => {
      const instance = await bed.store.initialise(init);

      expect(instance.created).toBe(true);
      expect(instance.id).toMatch(/^\d{18}$/);
      expect(instance.firstOrgId).toMatch(/^\d{18}$/);
      expect(instance.firstOrgId).not.toBe(instance.id);
      expect(await bed.store.findInstance()).toEqual({
        id: instance.id,
        firstOrgId: instance.firstOrgId,
      });
      expect((await bed.store.listOrgs(firstPage)).items).toEqual([
        { id: instance.firstOrgId, name: "first", creationDate: start },
      ]);
      expect(await bed.store.findPolicy(instanceOwner)).toEqual({
        maxPasswordAttempts: 3,
        maxOtpAttempts: 0,
        resourceOwner: instance.id,
        sequence: 2,
        creationMicros: start * 1000 + 2,
        changeMicros: start * 1000 + 2,
      });
      const token = await bed.store.findToken(hashOf(1));
      const common = {
        position: expect.any(Number) as number,
        editor: "SYSTEM",
      };
      const ofInstance = {
        ...common,
        ...{ aggregateType: "instance", aggregateId: instance.id },
        resourceOwner: instance.id,
      };
      const ofOrg = { ...common, resourceOwner: instance.firstOrgId };
      expect(await bed.events()).toEqual([
        {
          ...ofInstance,
          ...{ sequence: 1, type: "instance.added", payload: undefined },
          creationMicros: start * 1000,
        },
        {
          ...ofOrg,
          ...{ aggregateType: "org", aggregateId: instance.firstOrgId },
          ...{ sequence: 1, type: "org.added", payload: { name: "first" } },
          creationMicros: start * 1000 + 1,
        },
        {
          ...ofInstance,
          ...{ sequence: 2, type: "instance.policy.lockout.added" },
          payload: { maxPasswordAttempts: 3 },
          creationMicros: start * 1000 + 2,
        },
        {
          ...ofOrg,
          ...{ aggregateType: "user", aggregateId: token?.id },
          ...{ sequence: 1, type: "user.pat.added" },
          payload: { tokenId: token?.id, name: "admin", roles: ["IAM_OWNER"] },
          creationMicros: start * 1000 + 3,
        },
      ]);
      expect(token).toMatchObject({
        name: "admin",
        orgId: instance.firstOrgId,
        roles: ["IAM_OWNER"],
      });
    });

    it("is created once: the second time changes nothing", async () => {
      const first = await bed.store.initialise(init);
      const second = await bed.store.initialise({ ...init, orgName: "second" });

      expect(second).toEqual({ ...first, created: false });
      expect((await bed.store.listOrgs(firstPage)).items).toHaveLength(1);
      expect((await bed.store.listTokens(false, firstPage)).items).toHaveLength(
        1,
      );
      expect(await bed.events()).toHaveLength(4);
    });

    it("is created by one of many that race, here and in another process", async () => {
      const tool = await bed.open("tool");
      const answers = await Promise.all(
        [bed.store, tool, bed.store, tool, bed.store].map((each) =>
          each.initialise(init),
        ),
      );

      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect((await bed.store.listOrgs(firstPage)).items).toHaveLength(1);
      expect((await bed.store.listTokens(false, firstPage)).items).toHaveLength(
        1,
      );
      expect(await bed.events()).toHaveLength(4);
    });
  });
}
