import { describe, expect, it } from "vitest";
import { etagOf } from "../../../src/lockout/policy/policy-etag.ts";
import { rollBackPolicy } from "../../../src/lockout/policy/policy-rollback.ts";
import {
  addOrgPolicy,
  limitsOf,
  resetOrgPolicy,
  updateDefaultPolicy,
  updateOrgPolicy,
} from "../../../src/lockout/policy/policy.ts";
import type { DecidePolicy } from "../../../src/lockout/policy/policy.ts";
import {
  resetRules,
  setRules,
} from "../../../src/lockout/policy/rules-commands.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import type { Rules } from "../../../src/lockout/policy/rules.ts";
import type { DatedPolicy, PolicyOwner } from "../../../src/store/policies.ts";
import {
  findPartsAfter,
  readPolicyChanges,
} from "../../../src/store/policy-history.ts";
import type { RecordedChange } from "../../../src/store/policy-history.ts";
import { everyItem } from "../../../src/store/pages.ts";
import type { StoreBed } from "./bed.ts";
import { init, instanceOwner, limits, orgA, orgB } from "./samples.ts";

export function describePolicyHistory(bed: StoreBed): void {
  describe("the history of a policy", () => {
    const historyOf = async (owner: PolicyOwner) => {
      const instanceId = (await bed.store.findInstance())?.id ?? "";
      const id = owner.kind === "org" ? owner.orgId : instanceId;
      return { log: bed.store, owner: { kind: owner.kind, id }, instanceId };
    };
    const changesOf = async (owner: PolicyOwner, size = 100) => {
      const history = await historyOf(owner);
      const changes: RecordedChange[] = [];
      for await (const change of everyItem(({ after }) =>
        readPolicyChanges(history, { size, after }),
      )) {
        changes.push(change);
      }
      return changes;
    };
    const run = (owner: PolicyOwner, decide: DecidePolicy) => {
      bed.time += 1;
      return bed.store.changePolicy(owner, "e", decide);
    };

    it("says what held before and after each change, from the log alone, also where the default changed meanwhile", async () => {
      await bed.store.initialise(init);
      const rules = (given: Partial<Rules>) =>
        setRules({ rules: { ...noRules, ...given }, violations: [] }, {});
      const steps: readonly (readonly [PolicyOwner, DecidePolicy])[] = [
        [orgA, rules({ ceiling: 9 })],
        [instanceOwner, updateDefaultPolicy(limits(4, 0))],
        [orgA, addOrgPolicy(orgA.orgId, limits(0, 0))],
        [orgB, addOrgPolicy(orgB.orgId, limits(7, 7))],
        [orgA, updateOrgPolicy(orgA.orgId, limits(0, 5))],
        [instanceOwner, rules({ observationWindowMs: 1000 })],
        [orgA, resetRules({})],
        // More of one number than are read at once: what the other is stands far behind.
        ...Array.from(
          { length: 120 },
          (_value, index) =>
            [orgA, updateOrgPolicy(orgA.orgId, limits(index + 1, 5))] as const,
        ),
        [instanceOwner, updateDefaultPolicy(limits(4, 6))],
        [orgA, resetOrgPolicy(orgA.orgId)],
        [instanceOwner, rules({})],
        [orgB, rules({ lockDurationMs: 900_500, lockGrowth: 1.5 })],
        [orgB, resetOrgPolicy(orgB.orgId)],
        [orgA, addOrgPolicy(orgA.orgId, limits(1, 0))],
      ];
      const expected = new Map<PolicyOwner, unknown[]>();
      for (const [owner, decide] of steps) {
        const before = seen(await bed.store.viewPolicy(owner));
        const events = await run(owner, decide);
        const after = seen(await bed.store.viewPolicy(owner));
        const list = expected.get(owner) ?? [];
        expected.set(owner, list);
        const { length } = events;
        list.push(
          ...events.map(({ position }, index) => ({
            position,
            // Between the two events of one call nothing could be seen.
            ...(index === 0 && { before }),
            ...(index === length - 1 && { after }),
          })),
        );
      }

      for (const [owner, list] of expected) {
        for (const size of [100, 7, 1]) {
          const changes = await changesOf(owner, size);
          const found = changes.map(({ event, before, after }) => ({
            position: event.position,
            ...{ before: seen(before), after: seen(after) },
          }));
          const own = owner.kind === "instance" ? found.slice(0, -1) : found;
          expect(own).toMatchObject(list.toReversed());
        }
      }
      const added = (await changesOf(instanceOwner)).at(-1);
      expect(added).toMatchObject({
        event: { type: "instance.policy.lockout.added" },
        before: { own: { numbers: undefined, rules: undefined } },
        after: { own: { numbers: limits(3, 0), rules: undefined } },
      });
    });

    it("leads back to each change, by one event for each of the two that differ", async () => {
      await bed.store.initialise(init);
      const rules = (ceiling: number) =>
        setRules({ rules: { ...noRules, ceiling }, violations: [] }, {});
      await run(orgA, addOrgPolicy(orgA.orgId, limits(2, 3)));
      await run(orgA, rules(9));
      await run(orgA, updateOrgPolicy(orgA.orgId, limits(2, 0)));
      await run(orgA, resetOrgPolicy(orgA.orgId));
      const changes = await changesOf(orgA);
      expect(changes.map(({ event }) => event.type)).toEqual([
        "org.policy.lockout.removed",
        "org.policy.lockout.rules.removed",
        "org.policy.lockout.changed",
        "org.policy.lockout.rules.changed",
        "org.policy.lockout.added",
      ]);
      const back = async (index: number) => {
        const { event, after } = changes[index] ?? {};
        const past = await findPartsAfter(
          await historyOf(orgA),
          event?.position ?? 0,
        );
        expect(past).toEqual(after?.own);
        const events = await run(orgA, rollBackPolicy(past ?? none, {}));
        const { own } = await bed.store.viewPolicy(orgA);
        expect(own.rules?.rules).toEqual(past?.rules?.rules);
        expect(own.numbers && limitsOf({ ...orgView, own })).toEqual(
          past?.numbers && limitsOf({ ...orgView, own: past }),
        );
        return events.map(({ type, payload }) => [type, payload]);
      };
      expect(await back(0)).toEqual([]);
      expect(await back(3)).toEqual([
        ["org.policy.lockout.rules.changed", { ceiling: 9 }],
        [
          "org.policy.lockout.added",
          { maxPasswordAttempts: 2, maxOTPAttempts: 3 },
        ],
      ]);
      expect(await back(2)).toEqual([
        ["org.policy.lockout.changed", { maxOTPAttempts: 0 }],
      ]);
      expect(await back(4)).toEqual([
        ["org.policy.lockout.rules.removed", undefined],
        ["org.policy.lockout.changed", { maxOTPAttempts: 3 }],
      ]);
      expect(await back(1)).toEqual([
        ["org.policy.lockout.changed", { maxOTPAttempts: 0 }],
      ]);
      expect(await back(0)).toEqual([
        ["org.policy.lockout.removed", undefined],
      ]);
      expect(await changesOf(orgA)).toHaveLength(5 + 7);
    });

    it("has no change of another owner, nor one where another event is", async () => {
      await bed.store.initialise(init);
      const [event] = await run(orgA, addOrgPolicy(orgA.orgId, limits(1, 1)));
      await run(orgB, addOrgPolicy(orgB.orgId, limits(2, 2)));
      const position = event?.position ?? 0;
      const [a, b] = [await historyOf(orgA), await historyOf(orgB)];
      expect(await findPartsAfter(a, position)).toBeDefined();
      for (const [history, wrong] of [
        ...([
          [b, position],
          [await historyOf(instanceOwner), position],
        ] as const),
        ...([
          [a, position - 1],
          [a, position + 1],
          [a, 0],
        ] as const),
        [a, 999_999_999_999_999],
      ] as const) {
        expect(await findPartsAfter(history, wrong)).toBeUndefined();
      }
    });

    it("is empty where there was none, and refuses a page of another list", async () => {
      const history = await historyOf(orgA);
      expect(await changesOf(orgA)).toEqual([]);
      const { next } = await bed.store.listOrgs({ size: 1, after: undefined });
      for (const after of [next ?? "x", "e30"]) {
        await expect(
          readPolicyChanges(history, { size: 1, after }),
        ).rejects.toThrow(RangeError);
      }
    });
  });
}

const none = { numbers: undefined, rules: undefined };
const orgView = { owner: "org", inherited: none } as const;

/** All that can be seen of a policy. */
function seen(view: DatedPolicy) {
  const { own, inherited } = view;
  const dates = [own, inherited].map(({ numbers, rules }) => [
    numbers?.changeMicros,
    rules?.changeMicros,
  ]);
  return {
    ...{ etag: etagOf(view), limits: limitsOf(view), dates },
    rules: [own.rules?.rules, inherited.rules?.rules],
  };
}
