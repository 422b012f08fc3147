import { beforeEach, describe, expect, it } from "vitest";
import { reportAttempt } from "../../../src/lockout/attempt/attempt.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import type { Rules } from "../../../src/lockout/policy/rules.ts";
import { deactivateUser, lockUser } from "../../../src/lockout/user/user.ts";
import { userSubject } from "../../../src/store/users.ts";
import { aliceKey, attemptCalls, ttlMs } from "./attempt-calls.ts";
import type { StoreBed } from "./bed.ts";

const minute = 60_000;
const api = { version: "v1", authorise: () => undefined } as const;

export function describeSources(bed: StoreBed): void {
  const { begin, complete, setLimits, setRules } = attemptCalls(bed);
  const setSources = (sources: Partial<Rules["sources"]>) =>
    setRules({ sources: { ...noRules.sources, ...sources } });
  const user = (userId: string) => userSubject({ ...aliceKey, userId });
  const from = (address: string, userId = "alice", store = bed.store) =>
    begin(user(userId), "password", { address }, store);
  const fail = async (address: string, userId?: string) =>
    complete((await from(address, userId)).attempt?.id, "failed");
  const report = (address: string, userId = "alice") =>
    bed.store.reportAttempt(user(userId), "login", (view) =>
      reportAttempt(view, "password", { address }, "failed"),
    );
  const settle = async () => {
    while ((await bed.store.settleAttempts(10)) > 0) {
      // There is more.
    }
  };

  describe("a source of failures", () => {
    beforeEach(async () => {
      await setLimits(0, 0);
      await setSources({ maxFailures: 3, windowMs: 3 * minute });
    });

    it("has so many chances for all users together, and one more each part of the window", async () => {
      for (const userId of ["alice", "bob", "carol"]) {
        expect(await fail("192.0.2.1", userId)).toMatchObject({ failed: 1 });
      }
      expect(await from("192.0.2.1", "dave")).toEqual({
        ...{ decision: "throttled", limit: 0, failed: 0, open: 0 },
        ...{ attempt: undefined, retryAfterMs: minute },
      });
      // Nothing was counted for the user, who was never seen.
      expect(await bed.store.findLockout(user("dave"))).toBeUndefined();
      expect(await from("192.0.2.2", "erin")).toMatchObject({
        decision: "proceed",
      });
      bed.time += minute - 1;
      expect(await from("192.0.2.1")).toMatchObject({ retryAfterMs: 1 });
      bed.time += 1;
      expect(await fail("192.0.2.1")).toMatchObject({ failed: 2 });
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
      bed.time += 3 * minute;
      for (let chance = 0; chance < 3; chance += 1) {
        await fail("192.0.2.1");
      }
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
    });

    it("is held by open attempts, of which none has more secrets compared than there are chances", async () => {
      const begun = await Promise.all(
        Array.from({ length: 20 }, (_none, number) =>
          from("192.0.2.1", `user-${number % 5}`),
        ),
      );
      const proceeding = begun.filter(({ decision }) => decision === "proceed");
      expect(proceeding).toHaveLength(3);
      const [first, second, third] = proceeding;
      expect(await from("192.0.2.1")).toMatchObject({
        ...{ decision: "throttled", retryAfterMs: 1000 },
      });
      await complete(first?.attempt?.id, "succeeded");
      await complete(second?.attempt?.id, "not_a_guess");
      await complete(third?.attempt?.id, "failed");
      for (let chance = 0; chance < 2; chance += 1) {
        expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
      }
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
    });

    it("gets the chances back of attempts that became void, and counts those that expired", async () => {
      await from("192.0.2.1", "bob");
      await from("192.0.2.1", "bob");
      await from("192.0.2.1", "carol");
      await bed.store.changeUser(
        ...([{ ...aliceKey, userId: "bob" }, "admin"] as const),
        deactivateUser(api),
      );
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
      await bed.store.deleteUser({ ...aliceKey, userId: "carol" }, "admin");
      bed.time += ttlMs;
      await settle();
      expect(await from("192.0.2.1", "dave")).toMatchObject({
        decision: "proceed",
      });
      expect(await from("192.0.2.1", "dave")).toMatchObject({
        decision: "throttled",
      });
    });

    it("without chances learns nothing of locks", async () => {
      await fail("192.0.2.2");
      await bed.store.changeUser(aliceKey, "admin", lockUser(api));
      for (let chance = 0; chance < 3; chance += 1) {
        expect(await from("192.0.2.1")).toMatchObject({ decision: "locked" });
      }
      for (let chance = 0; chance < 3; chance += 1) {
        await fail("192.0.2.1", "bob");
      }
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
    });

    it("is filled by reports, which are never refused", async () => {
      for (let failed = 1; failed <= 5; failed += 1) {
        expect(await report("192.0.2.1")).toMatchObject({ failed });
      }
      expect(await from("192.0.2.1")).toMatchObject({ retryAfterMs: minute });
      bed.time += 3 * minute;
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
    });

    it("is a network, of each organisation, and none without an address or a rule", async () => {
      await setSources({
        ...{ maxFailures: 1, windowMs: minute },
        ...{ ipv4Prefix: 24, ipv6Prefix: 48 },
      });
      await fail("192.0.2.1");
      await fail("2001:db8:0:1::1");
      for (const address of ["192.0.2.200", "2001:db8:0:2::9"]) {
        expect(await from(address)).toMatchObject({ decision: "throttled" });
      }
      expect(await from("2001:db8:1::1")).toMatchObject({
        decision: "proceed",
      });
      expect(await begin(user("alice"))).toMatchObject({ decision: "proceed" });
      await setSources({});
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
    });

    it("is kept by a store that is opened again, and forgotten once it has leaked away", async () => {
      await report("192.0.2.1");
      await report("192.0.2.1");
      await from("192.0.2.1", "bob");
      await bed.reopen();
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
      bed.time += 10 * minute;
      await settle();
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
    });

    it("waits no longer where the clock was set back, than a window and the jump", async () => {
      bed.time += 60 * minute;
      for (let chance = 0; chance < 3; chance += 1) {
        await report("192.0.2.1");
      }
      bed.time -= 60 * minute;
      await settle();
      expect(await from("192.0.2.1")).toMatchObject({ decision: "throttled" });
      bed.time += 3 * minute;
      expect(await from("192.0.2.1")).toMatchObject({ decision: "proceed" });
    });

    it("has no more secrets compared through two stores at once", async () => {
      const other = await bed.open("tool");
      const begun = await Promise.all(
        Array.from({ length: 40 }, (_none, number) =>
          from(
            ...(["192.0.2.1", `user-${number}`] as const),
            number % 2 === 0 ? bed.store : other,
          ),
        ),
      );
      const decisions = begun.map(({ decision }) => decision);
      expect(decisions.filter((each) => each === "proceed")).toHaveLength(3);
      expect(decisions.filter((each) => each === "throttled")).toHaveLength(37);
    });
  });
}
