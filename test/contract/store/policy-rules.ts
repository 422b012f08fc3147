import { describe, expect, it } from "vitest";
import {
  addOrgPolicy,
  resetOrgPolicy,
} from "../../../src/lockout/policy/policy.ts";
import type { DecidePolicy } from "../../../src/lockout/policy/policy.ts";
import { rulesPayload } from "../../../src/lockout/policy/rules-payload.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import type { Rules } from "../../../src/lockout/policy/rules.ts";
import type { PolicyOwner } from "../../../src/store/policies.ts";
import { changePolicy, rulesDecision } from "../../support/change-policy.ts";
import type { StoreBed } from "./bed.ts";
import { init, instanceOwner, limits, orgA, orgB, start } from "./samples.ts";

/** Every part is set. */
const full: Rules = {
  lockDurationMs: 900_500,
  lockGrowth: 1.5,
  maxLockDurationMs: 3_600_000,
  observationWindowMs: 1_800_000,
  ceiling: 4_294_967_295,
  lockScope: "factor",
  devices: { maxAttempts: 5, trustDurationMs: 31_536_000_000 },
  rememberedSecrets: 10,
  sources: { maxFailures: 7, windowMs: 1, ipv4Prefix: 24, ipv6Prefix: 56 },
  storms: { maxLocks: 10_000, windowMs: 60_000 },
};

export function describePolicyRules(bed: StoreBed): void {
  describe("the rules of a policy", () => {
    const put = (owner: PolicyOwner, rules: Rules) =>
      changePolicy(bed.store, owner, "e", () =>
        rulesDecision(owner.kind, rules),
      );
    /** The rules that count for a user of an organisation. */
    const counting = async (orgId: string) => {
      const { result } = await bed.store.changeUser(
        { orgId, userId: "u" },
        "e",
        (view) => ({ result: view.rules, steps: [], events: [] }),
      );
      return result;
    };

    it("are kept beside the numbers, with an event of their own", async () => {
      const { id } = await bed.store.initialise(init);
      bed.time += 1000;

      const event = await put(instanceOwner, full);

      expect(event).toMatchObject({
        ...{ aggregateType: "instance", aggregateId: id, sequence: 3 },
        payload: rulesPayload(full),
        creationMicros: (start + 1000) * 1000,
      });
      const { own, inherited } = await bed.store.viewPolicy(instanceOwner);
      expect(own).toEqual({
        numbers: await bed.store.findPolicy(instanceOwner),
        rules: {
          ...{ rules: full, sequence: 3 },
          changeMicros: event.creationMicros,
        },
      });
      expect(own.numbers).toMatchObject({ ...limits(3, 0), sequence: 2 });
      expect(inherited).toEqual({ numbers: undefined, rules: undefined });
    });

    it("are inherited as a whole, apart from the numbers", async () => {
      await bed.store.initialise(init);
      await put(instanceOwner, full);
      expect(await counting(orgA.orgId)).toEqual(full);

      await put(orgA, { ...noRules, ceiling: 9 });
      await changePolicy(
        bed.store,
        orgB,
        "e",
        addOrgPolicy(orgB.orgId, limits(1, 2)),
      );

      expect(await counting(orgA.orgId)).toEqual({ ...noRules, ceiling: 9 });
      expect(await counting(orgB.orgId)).toEqual(full);
      const a = await bed.store.viewPolicy(orgA);
      expect(a.own.numbers).toBeUndefined();
      expect(a.inherited).toMatchObject({
        numbers: limits(3, 0),
        rules: { rules: full },
      });
      const b = await bed.store.viewPolicy(orgB);
      expect(b.own).toMatchObject({ numbers: limits(1, 2), rules: undefined });
    });

    it("hide the default's where they are empty, and show them again once they are removed", async () => {
      await bed.store.initialise(init);
      await put(instanceOwner, full);
      await put(orgA, noRules);
      expect(await counting(orgA.orgId)).toEqual(noRules);

      const removed = await changePolicy(
        ...([bed.store, orgA, "e", resetOrgPolicy(orgA.orgId)] as const),
      );

      expect(removed).toMatchObject({
        ...{ type: "org.policy.lockout.rules.removed", sequence: 2 },
        payload: undefined,
      });
      expect(await counting(orgA.orgId)).toEqual(full);
      expect((await bed.store.viewPolicy(orgA)).own.rules).toBeUndefined();
    });

    it("are removed with the numbers, in one transaction with two events", async () => {
      await changePolicy(
        bed.store,
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(1, 2)),
      );
      await put(orgA, full);
      const events = await bed.store.changePolicy(
        ...([orgA, "e", resetOrgPolicy(orgA.orgId)] as const),
      );
      expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
        ["org.policy.lockout.rules.removed", 3],
        ["org.policy.lockout.removed", 4],
      ]);
      expect((await bed.store.viewPolicy(orgA)).own).toEqual({
        numbers: undefined,
        rules: undefined,
      });
    });

    it("do not change with a command that throws or writes nothing", async () => {
      await put(orgA, full);
      const before = await bed.store.viewPolicy(orgA);
      const refusal = new Error("no");
      await expect(
        bed.store.changePolicy(orgA, "e", () => {
          throw refusal;
        }),
      ).rejects.toBe(refusal);
      expect(await bed.store.changePolicy(orgA, "e", () => ({}))).toEqual([]);
      expect(await bed.store.viewPolicy(orgA)).toEqual(before);
      expect(await bed.events()).toHaveLength(1);
    });

    it("are seen by the command after, also one that waits with it, and by another store on the same data", async () => {
      const tool = await bed.open("tool");
      const seen: unknown[] = [];
      const grow: DecidePolicy = (view) => {
        const ceiling = (view.own.rules?.rules.ceiling ?? 0) + 1;
        seen.push(ceiling);
        return rulesDecision("org", { ...noRules, ceiling });
      };
      await Promise.all(
        Array.from({ length: 20 }, (_value, index) =>
          (index % 2 === 0 ? bed.store : tool).changePolicy(orgA, "e", grow),
        ),
      );
      expect(await counting(orgA.orgId)).toEqual({ ...noRules, ceiling: 20 });
      expect((await tool.viewPolicy(orgA)).own.rules).toMatchObject({
        sequence: 20,
      });
      await bed.reopen();
      expect(await counting(orgA.orgId)).toEqual({ ...noRules, ceiling: 20 });
    });
  });
}
