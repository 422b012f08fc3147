import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LockoutError } from "../../../src/lockout/errors/errors.ts";
import {
  addOrgPolicy,
  resetOrgPolicy,
  updateOrgPolicy,
} from "../../../src/lockout/policy/policy.ts";
import type { Limits } from "../../../src/lockout/policy/limits.ts";
import type { DecidePolicy } from "../../../src/lockout/policy/policy.ts";
import type { StoreBed } from "./bed.ts";
import {
  instanceOwner,
  orgA,
  orgB,
  init,
  limits,
  countUp,
  orgWith,
} from "./samples.ts";
import { changePolicy } from "../../support/change-policy.ts";

export function describeCommands(bed: StoreBed): void {
  describe("a command", () => {
    it("that throws is thrown on as it is, and writes nothing", async () => {
      await changePolicy(
        bed.store,
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(1, 1)),
      );
      const before = await bed.store.findPolicy(orgA);
      const refusal = new Error("no");

      const thrown: unknown = await changePolicy(bed.store, orgA, "e", () => {
        throw refusal;
      }).catch((error: unknown) => error);

      expect(thrown).toBe(refusal);
      expect(await bed.store.findPolicy(orgA)).toEqual(before);
      expect(await bed.events()).toHaveLength(1);
    });

    it("that throws takes back nothing of those that wait with it", async () => {
      const refusals = [2, 5, 6, 19];
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, async (_, index) =>
          changePolicy(bed.store, orgA, `e${index}`, (current) => {
            if (refusals.includes(index)) {
              throw new LockoutError("orgPolicyNotChanged");
            }
            return countUp([])(current);
          }),
        ),
      );

      const failed = results.flatMap(({ status }, index) =>
        status === "rejected" ? [index] : [],
      );
      expect(failed).toEqual(refusals);
      const written = await bed.events();
      expect(written.map(({ editor }) => editor)).toEqual(
        Array.from({ length: 20 }, (_, index) => `e${index}`).filter(
          (_, index) => !refusals.includes(index),
        ),
      );
      expect(written.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 16 }, (_, index) => index + 1),
      );
      expect(await bed.store.findPolicy(orgA)).toMatchObject(limits(16, 0));
    });

    it("sees what those before it wrote, in the order of the calls", async () => {
      const results = await Promise.allSettled([
        changePolicy(
          bed.store,
          orgA,
          "e",
          addOrgPolicy(orgA.orgId, limits(1, 1)),
        ),
        changePolicy(
          bed.store,
          orgA,
          "e",
          addOrgPolicy(orgA.orgId, limits(2, 2)),
        ),
        changePolicy(bed.store, orgA, "e", resetOrgPolicy(orgA.orgId)),
        changePolicy(
          bed.store,
          orgA,
          "e",
          updateOrgPolicy(orgA.orgId, limits(3, 3)),
        ),
        changePolicy(
          bed.store,
          orgA,
          "e",
          addOrgPolicy(orgA.orgId, limits(4, 4)),
        ),
      ]);

      expect(
        results.map((result) =>
          result.status === "fulfilled"
            ? result.value.sequence
            : (result.reason as LockoutError).entry.id,
        ),
      ).toEqual([1, "ORG-0olDf", 2, "ORG-ADfs1", 3]);
      expect(await bed.store.findPolicy(orgA)).toMatchObject(limits(4, 4));
    });

    it("is one of 1,000 at once without a gap, a repeat or a lost step", async () => {
      const owners = [orgA, orgB, instanceOwner];
      await bed.store.initialise(init);
      const seen: number[][] = owners.map(() => []);
      const results = await Promise.all(
        Array.from({ length: 1000 }, async (_, index) => {
          const owner = owners[index % 3] ?? orgA;
          return changePolicy(
            bed.store,
            owner,
            String(index),
            countUp(seen[index % 3] ?? []),
          );
        }),
      );

      // The default policy starts at 3, with the event of its creation.
      for (const [which, first] of [0, 0, 3].entries()) {
        const own = results.filter((_, index) => index % 3 === which);
        expect(own.map(({ payload }) => payload)).toEqual(
          own.map((_, index) => ({ maxPasswordAttempts: first + index + 1 })),
        );
        const firstSequence = which === 2 ? 3 : 1;
        expect(own.map(({ sequence }) => sequence)).toEqual(
          own.map((_, index) => firstSequence + index),
        );
        expect(seen[which]).toEqual(own.map((_, index) => first + index));
      }
      const written = await bed.events();
      expect(written.slice(4)).toEqual(results);
      const positions = written.map(({ position }) => position);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(new Set(positions).size).toBe(1004);
    });

    it("loses no step to one of another process", async () => {
      const tool = await bed.open("tool");
      const results = await Promise.all(
        Array.from({ length: 100 }, async (_, index) =>
          changePolicy(
            index % 2 === 0 ? bed.store : tool,
            orgA,
            "e",
            countUp([]),
          ),
        ),
      );

      expect(
        results.map(({ sequence }) => sequence).sort((a, b) => a - b),
      ).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(await bed.store.findPolicy(orgA)).toMatchObject(limits(100, 0));
    });

    it("acts as in a simple model, whatever the commands and however many wait together", async () => {
      interface Step {
        readonly kind: "add" | "update" | "reset";
        readonly orgId: string;
        readonly to: Limits;
        readonly wait: boolean;
      }
      const decide = ({ kind, orgId, to }: Step): DecidePolicy => {
        switch (kind) {
          case "add":
            return addOrgPolicy(orgId, to);
          case "update":
            return updateOrgPolicy(orgId, to);
          case "reset":
            return resetOrgPolicy(orgId);
        }
      };
      const attempt = fc.integer({ min: 0, max: 2 });
      const step = fc.record({
        kind: fc.constantFrom<Step["kind"]>("add", "update", "reset"),
        orgId: fc.constantFrom("x", "y"),
        to: fc.record({
          maxPasswordAttempts: attempt,
          maxOtpAttempts: attempt,
        }),
        wait: fc.boolean(),
      });
      let round = 0;

      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 1, maxLength: 30 }),
          async (steps) => {
            round += 1;
            const model = new Map<string, Limits>();
            const sequences = new Map<string, number>();
            const expected: (number | string)[] = [];
            const results: Promise<number | string>[] = [];
            for (const each of steps) {
              // Each round has organisations of its own, on the one store.
              const own = { ...each, orgId: `${each.orgId}${round}` };
              try {
                const { numbers } = decide(own)(orgWith(model.get(own.orgId)));
                if (numbers?.limits === undefined) {
                  model.delete(own.orgId);
                } else {
                  model.set(own.orgId, numbers.limits);
                }
                const sequence = (sequences.get(own.orgId) ?? 0) + 1;
                sequences.set(own.orgId, sequence);
                expected.push(sequence);
              } catch (error) {
                expected.push((error as LockoutError).entry.id);
              }
              const result = changePolicy(
                bed.store,
                { kind: "org", orgId: own.orgId },
                "e",
                decide(own),
              ).then(
                ({ sequence }) => sequence,
                (error: unknown) => (error as LockoutError).entry.id,
              );
              results.push(result);
              if (each.wait) {
                await result;
              }
            }
            expect(await Promise.all(results)).toEqual(expected);
            for (const orgId of [`x${round}`, `y${round}`]) {
              const found = await bed.store.findPolicy({ kind: "org", orgId });
              const wanted = model.get(orgId);
              if (wanted === undefined) {
                expect(found).toBeUndefined();
              } else {
                expect(found).toMatchObject({
                  ...wanted,
                  sequence: sequences.get(orgId),
                });
              }
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}
