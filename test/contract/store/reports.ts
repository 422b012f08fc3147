import { describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import type { Store } from "../../../src/store/store.ts";
import type { ReportKey, Subject } from "../../../src/store/users.ts";
import type { StoreBed } from "./bed.ts";
import { limits, orgA, orgB } from "./samples.ts";

export function describeReports(bed: StoreBed): void {
  const user = (userId: string, { orgId }: { readonly orgId: string } = orgA) =>
    ({ kind: "user", orgId, userId }) as const;
  const fail = (subject: Subject, once?: ReportKey, store: Store = bed.store) =>
    store.reportAttempt(
      subject,
      "e",
      (view) => reportAttempt(view, "password", {}, "failed"),
      once,
    );
  const once = (key: string, request = "request") => ({ key, request });
  const failures = async (
    userId: string,
    owner: { readonly orgId: string } = orgA,
  ) =>
    (await bed.store.findLockout(user(userId, owner)))?.view.counters.password
      .failed;
  const minute = 60_000;

  describe("a report with a key", () => {
    it("counts once, and is answered as the first time, whatever has happened since", async () => {
      await bed.store.changePolicy(
        orgA,
        "e",
        addOrgPolicy(orgA.orgId, limits(3, 3)),
      );
      const first = await fail(user("a"), once("k"));
      await fail(user("a"));
      await fail(user("a"));
      bed.time += 9 * minute;
      await bed.store.settleAttempts(100);
      expect(await fail(user("a"), once("k"))).toEqual(first);
      expect(first).toMatchObject({ failed: 1, locked: false });
      expect(await bed.events({ types: ["user.locked"] })).toHaveLength(1);
      expect(await failures("a")).toBe(3);
    });

    it("is refused where the key was of another request, and counts nothing", async () => {
      await fail(user("a"), once("k", "one"));
      for (const userId of ["a", "b"]) {
        await expect(
          fail(user(userId), once("k", "another")),
        ).rejects.toMatchObject({ entry: { id: "LOCKOUTD-att07" } });
      }
      expect(await failures("a")).toBe(1);
      expect(await failures("b")).toBeUndefined();
    });

    it("has a key of its own in each organisation, and without one counts each time", async () => {
      await fail(user("a"), once("k"));
      await fail(user("a", orgB), once("k", "another"));
      await fail(user("a"));
      await fail(user("a"));
      expect(await failures("a")).toBe(3);
      expect(await failures("a", orgB)).toBe(1);
    });

    it("is forgotten after ten minutes: then it counts again, and takes no room", async () => {
      for (const key of ["k", "l", "m"]) {
        await fail(user("a"), once(key));
      }
      bed.time += 10 * minute;
      expect(await bed.store.settleAttempts(2)).toBeGreaterThan(0);
      expect(await fail(user("a"), once("k", "another"))).toMatchObject({
        failed: 4,
      });
      expect(await fail(user("a"), once("k", "another"))).toMatchObject({
        failed: 4,
      });
      while ((await bed.store.settleAttempts(2)) > 0) {}
      expect(await fail(user("a"), once("l"))).toMatchObject({ failed: 5 });
    });

    it("counts again after a clock went back far, and a forgotten key is none that blocks", async () => {
      bed.time += 60 * minute;
      await fail(user("a"), once("k"));
      bed.time -= 60 * minute;
      expect(await fail(user("a"), once("k", "another"))).toMatchObject({
        failed: 2,
      });
      while ((await bed.store.settleAttempts(10)) > 0) {}
      expect(await fail(user("a"), once("k", "another"))).toMatchObject({
        failed: 2,
      });
    });

    it("counts once though many send it at once, here and elsewhere", async () => {
      const tool = await bed.open("tool");
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          fail(
            user("a"),
            once(`k${index % 4}`),
            index % 3 === 0 ? tool : bed.store,
          ),
        ),
      );
      expect(await failures("a")).toBe(4);
      expect(new Set(results.map(({ failed }) => failed)).size).toBe(4);
      const name: Subject = {
        ...{ kind: "name", orgId: orgA.orgId, foldedName: "nobody" },
      };
      await fail(name, once("n"));
      expect(await fail(name, once("n"))).toMatchObject({ failed: 1 });
      expect(await fail(name, once("o"))).toMatchObject({ failed: 2 });
    });

    it("is remembered by who opens the store again, and not where it was refused", async () => {
      await fail(user("a"), once("k"));
      await bed.reopen();
      expect(await fail(user("a"), once("k"))).toMatchObject({ failed: 1 });
      const refusal = new Error("no");
      await expect(
        bed.store.reportAttempt(
          ...([user("a"), "e"] as const),
          () => {
            throw refusal;
          },
          once("l"),
        ),
      ).rejects.toBe(refusal);
      expect(await fail(user("a"), once("l"))).toMatchObject({ failed: 2 });
    });
  });
}
