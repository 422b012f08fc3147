import { describe, expect, it } from "vitest";
import {
  addOrgPolicy,
  resetOrgPolicy,
  updateOrgPolicy,
} from "../../../src/lockout/policy/policy.ts";
import type { Limits } from "../../../src/lockout/policy/limits.ts";
import type { DecidePolicy } from "../../../src/lockout/policy/policy.ts";
import type { PolicyOwner } from "../../../src/store/policies.ts";
import type { StoreBed } from "./bed.ts";
import { start, instanceOwner, orgA, orgB, init, limits } from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describePolicies(bed: StoreBed): void {
  describe("a policy", () => {
    it("is undefined where the owner has none of its own", async () => {
      await bed.store.initialise(init);
      expect(await bed.store.findPolicy(orgA)).toBeUndefined();
      const orgId = "1".repeat(100_000);
      expect(
        await bed.store.findPolicy({ kind: "org", orgId }),
      ).toBeUndefined();
    });

    it("is given to the command as it is, and changed with its event", async () => {
      const { id } = await bed.store.initialise(init);
      let seen: Limits | undefined;
      bed.time += 1000;

      const event = await changePolicy(
        bed.store,
        instanceOwner,
        "editor-1",
        (current) => {
          seen = current.own.numbers;
          return {
            numbers: {
              event: {
                type: "instance.policy.lockout.changed",
                payload: { maxOTPAttempts: 7 },
              },
              limits: limits(3, 7),
            },
          };
        },
      );

      expect(seen).toMatchObject(limits(3, 0));
      expect(event).toEqual({
        position: expect.any(Number) as number,
        aggregateType: "instance",
        aggregateId: id,
        resourceOwner: id,
        sequence: 3,
        type: "instance.policy.lockout.changed",
        editor: "editor-1",
        creationMicros: (start + 1000) * 1000,
        payload: { maxOTPAttempts: 7 },
      });
      expect(await bed.events({ sequenceAfter: 2 })).toEqual([event]);
      expect(await bed.store.findPolicy(instanceOwner)).toEqual({
        ...limits(3, 7),
        resourceOwner: id,
        sequence: 3,
        creationMicros: start * 1000 + 2,
        changeMicros: event.creationMicros,
      });
    });

    it("belongs to an organisation's aggregate, which counts from 1 by itself", async () => {
      await bed.store.initialise(init);
      const added = await changePolicy(
        bed.store,
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(1, 2)),
      );
      const other = await changePolicy(
        bed.store,
        orgB,
        "e",
        addOrgPolicy(orgB.orgId, limits(3, 4)),
      );

      expect(added).toMatchObject({
        aggregateType: "org",
        aggregateId: orgA.orgId,
        resourceOwner: orgA.orgId,
        sequence: 1,
      });
      expect(other.sequence).toBe(1);
      expect(other.position).toBeGreaterThan(added.position);
      expect(await bed.store.findPolicy(orgA)).toMatchObject({
        ...limits(1, 2),
        resourceOwner: orgA.orgId,
      });
      expect(await bed.store.findPolicy(orgB)).toMatchObject(limits(3, 4));
      expect(await bed.store.findPolicy(instanceOwner)).toMatchObject(
        limits(3, 0),
      );
    });

    it("of an organisation is not the instance's, though their ids were the same", async () => {
      const { id } = await bed.store.initialise(init);
      const twin: PolicyOwner = { kind: "org", orgId: id };
      expect(await bed.store.findPolicy(twin)).toBeUndefined();

      const event = await changePolicy(
        bed.store,
        twin,
        "e",
        addOrgPolicy(id, limits(8, 9)),
      );

      expect(event.sequence).toBe(1);
      expect(await bed.store.findPolicy(instanceOwner)).toMatchObject(
        limits(3, 0),
      );
      expect(await bed.store.findPolicy(twin)).toMatchObject(limits(8, 9));
    });

    it("keeps its creation date while it changes, and takes a new one when it is added again", async () => {
      const change = async (decide: DecidePolicy) => {
        bed.time += 10;
        return changePolicy(bed.store, orgA, "e", decide);
      };
      await change(addOrgPolicy(orgA.orgId, limits(1, 1)));
      await change(updateOrgPolicy(orgA.orgId, limits(2, 2)));
      expect(await bed.store.findPolicy(orgA)).toMatchObject({
        sequence: 2,
        creationMicros: (start + 10) * 1000,
        changeMicros: (start + 20) * 1000,
      });

      const removed = await change(resetOrgPolicy(orgA.orgId));
      expect(removed).toMatchObject({ sequence: 3, payload: undefined });
      expect(await bed.store.findPolicy(orgA)).toBeUndefined();

      await change(addOrgPolicy(orgA.orgId, limits(5, 5)));
      expect(await bed.store.findPolicy(orgA)).toEqual({
        ...limits(5, 5),
        resourceOwner: orgA.orgId,
        sequence: 4,
        creationMicros: (start + 40) * 1000,
        changeMicros: (start + 40) * 1000,
      });
    });

    it("holds the greatest numbers that a call can carry", async () => {
      const greatest = limits(4_294_967_295, 4_294_967_295);
      await changePolicy(
        bed.store,
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, greatest),
      );
      expect(await bed.store.findPolicy(orgA)).toMatchObject(greatest);
    });
  });
}
