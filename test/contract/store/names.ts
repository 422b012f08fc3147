import { describe, expect, it } from "vitest";
import { putUser } from "../../../src/lockout/user.ts";
import type { Subject } from "../../../src/store/user-store.ts";
import {
  alice,
  aliceKey,
  attemptCalls,
  onePage,
  ttlMs,
} from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";
import { maxNames, orgA, orgB } from "./samples.ts";

const named = (foldedName: string, orgId: string = orgA.orgId): Subject => ({
  kind: "name",
  orgId,
  foldedName,
});

export function describeNames(bed: StoreBed): void {
  const { begin, complete, report, setLimits } = attemptCalls(bed);
  const counterOf = async () =>
    (await bed.store.findLockout(aliceKey))?.view.counters.password;

  describe("a login name", () => {
    it("leads to the user with that alias", async () => {
      await bed.store.putUser(
        aliceKey,
        [{ name: "Alice", folded: "alice" }],
        "e",
        putUser(undefined),
      );
      await report(named("alice"), "failed");
      const { attempt } = await begin(named("alice"));
      await complete(attempt?.id, "failed");

      expect(await counterOf()).toMatchObject({ failed: 2 });
      expect(await bed.events()).toMatchObject([
        { aggregateId: "alice" },
        { aggregateId: "alice" },
      ]);
    });

    it("that leads to nobody is counted and locked like a user", async () => {
      await setLimits(2);
      const play = async (subject: Subject) => {
        const seen: unknown[] = [];
        for (let index = 0; index < 4; index += 1) {
          const { attempt, ...begun } = await begin(subject);
          seen.push(begun, attempt && attempt.expireTime - bed.time);
          if (attempt !== undefined)
            seen.push(await complete(attempt.id, "failed"));
        }
        bed.time += 1;
        seen.push(await report(subject, "succeeded", "totp"));
        return seen;
      };
      const known = await play(alice);
      expect(await play(named("nobody"))).toEqual(known);
      expect(known).toContainEqual(
        expect.objectContaining({ decision: "locked" }),
      );
    });

    it("that leads to nobody is none: without events, in no list", async () => {
      await setLimits(1);
      const before = await bed.events();
      const { attempt } = await begin(named("nobody"));
      await complete(attempt?.id, "failed");
      expect(await begin(named("nobody"))).toMatchObject({
        decision: "locked",
      });

      expect(await bed.events()).toEqual(before);
      expect(await bed.store.findOrgsOfUser("nobody", 2)).toEqual([]);
      expect(await bed.store.listUsers(orgA.orgId, onePage)).toMatchObject({
        items: [],
      });
      expect(
        await bed.store.listLocked(orgA.orgId, undefined, onePage),
      ).toMatchObject({ items: [] });
    });

    it("that leads to nobody is another in each organisation", async () => {
      await report(named("nobody"), "failed");
      expect(await report(named("nobody", orgB.orgId), "failed")).toMatchObject(
        {
          failed: 1,
        },
      );
      expect(await report(named("nobody"), "failed")).toMatchObject({
        failed: 2,
      });
    });

    it("whose attempt expires is counted as a user is", async () => {
      await setLimits(1);
      await begin(named("nobody"));
      bed.time += ttlMs;
      expect(await bed.store.settleAttempts(10)).toBe(1);
      expect(await begin(named("nobody"))).toMatchObject({
        decision: "locked",
      });
    });

    it("is one of the most recent that are kept, and a user's record is not its to take", async () => {
      const failedOf = async (name: string) =>
        (await report(named(name), "not_a_guess")).failed;
      await report(alice, "failed");
      const first = await begin(named("name 0"));
      for (let index = 0; index < maxNames; index += 1)
        await report(named(`name ${index}`), "failed");
      // All that fit are there. To ask for the first makes it the most recent.
      expect(await failedOf("name 0")).toBe(1);

      await report(named("one more"), "failed");
      expect(await failedOf("name 0")).toBe(1);
      expect(await failedOf("one more")).toBe(1);
      expect(await failedOf("name 2")).toBe(1);
      // The least recent one made room, and is counted anew; it now takes the place of the next.
      expect(await failedOf("name 1")).toBe(0);
      expect(await failedOf("name 3")).toBe(0);
      expect(await failedOf("name 0")).toBe(1);

      for (let index = 0; index < 3 * maxNames; index += 1)
        await begin(named(`flood ${index}`));
      expect(await failedOf("name 0")).toBe(0);
      await expect(complete(first.attempt?.id, "failed")).rejects.toMatchObject(
        {
          entry: { id: "LOCKOUTD-att05" },
        },
      );
      expect(await counterOf()).toMatchObject({ failed: 1 });
      // Those that made room took their open attempts along.
      bed.time += ttlMs;
      expect(await bed.store.settleAttempts(1000)).toBe(maxNames - 1);
    });
  });
}
